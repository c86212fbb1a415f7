-- How things stand, in one row. Counts the users who are not completed, by an index.
--   users_new: users who wait; users_pending: users who are being computed
--   users_failed: users who could not be done, see processing_error, and cardgenius failures
--   users_estimated: always empty here; `cardgenius status` has the server's estimate. A view that also reads the server's catalogue
--   names its database in every dump, which could not be restored under another name
--   paused: true means that nobody claims; to go on: UPDATE cardgenius_control SET paused = FALSE, or cardgenius resume
--   paused_by, paused_since (UTC), pause_reason
--   run_id: the open run, empty if none is open; run_kind: backfill, weekly, manual or scheduled; run_opened_at (UTC)
--   instances_alive: instances whose lease holds; claims_open: chunks of users in flight
--   last_success_at: when a run was last done; next_fire_at: when the next schedule is due (UTC)
--   instances_throttled: instances that their throttle does not let go at full speed, see cardgenius_instances
--   throttle_reason: why, of the slowest of them
CREATE OR REPLACE SQL SECURITY INVOKER VIEW {{view_status}} (
    users_new, users_pending, users_failed, users_estimated, paused, paused_by, paused_since, pause_reason,
    run_id, run_kind, run_opened_at, instances_alive, claims_open, last_success_at, next_fire_at,
    instances_throttled, throttle_reason
) AS
SELECT b.users_new, b.users_pending, b.users_failed,
    CAST(NULL AS SIGNED),
    COALESCE(o.paused, FALSE),
    CASE WHEN o.paused THEN o.changed_by END, CASE WHEN o.paused THEN o.changed_at END, CASE WHEN o.paused THEN o.reason END,
    r.run_id, r.kind, r.opened_at,
    (SELECT COUNT(*) FROM {{instances}} AS i WHERE i.lease_until > UTC_TIMESTAMP(6)),
    (SELECT COUNT(*) FROM {{claims}} AS c JOIN {{runs}} AS x ON x.run_id = c.run_id
     WHERE c.state = 'open' AND x.source_table = {{source_table_literal}}),
    (SELECT MAX(x.closed_at) FROM {{runs}} AS x WHERE x.source_table = {{source_table_literal}} AND x.state = 'done'),
    (SELECT MIN(s.next_fire) FROM {{schedule}} AS s
     WHERE s.source_table = {{source_table_literal}} AND s.next_fire > UTC_TIMESTAMP(6)),
    (SELECT COUNT(*) FROM {{instances}} AS i WHERE i.lease_until > UTC_TIMESTAMP(6) AND i.throttle_share IS NOT NULL),
    (SELECT i.throttle_reason FROM {{instances}} AS i
     WHERE i.lease_until > UTC_TIMESTAMP(6) AND i.throttle_share IS NOT NULL ORDER BY i.throttle_share LIMIT 1)
FROM (
    SELECT COUNT(CASE WHEN u.processing_status = 'new' THEN 1 END) AS users_new,
        COUNT(CASE WHEN u.processing_status = 'pending' THEN 1 END) AS users_pending,
        COUNT(CASE WHEN u.processing_status = 'failed' THEN 1 END) AS users_failed
    FROM {{input}} AS u
    WHERE u.processing_status IN ('new', 'pending', 'failed')
) AS b
LEFT JOIN {{control}} AS o ON o.source_table = {{source_table_literal}}
LEFT JOIN {{runs}} AS r ON r.open_source = {{source_table_literal}}
