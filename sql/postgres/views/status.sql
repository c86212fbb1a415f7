-- How things stand, in one row.
CREATE OR REPLACE VIEW {{view_status}} (
    users_new, users_pending, users_failed, users_estimated, paused, paused_by, paused_since, pause_reason,
    run_id, run_kind, run_opened_at, instances_alive, claims_open, last_success_at, next_fire_at,
    instances_throttled, throttle_reason
) AS
SELECT b.users_new, b.users_pending, b.users_failed,
    (SELECT nullif(greatest(c.reltuples, -1), -1)::bigint FROM pg_class AS c WHERE c.oid = {{input_literal}}::regclass),
    coalesce(o.paused, false),
    CASE WHEN o.paused THEN o.changed_by END, CASE WHEN o.paused THEN o.changed_at END, CASE WHEN o.paused THEN o.reason END,
    r.run_id, r.kind, r.opened_at,
    (SELECT count(*) FROM {{instances}} AS i WHERE i.lease_until > clock_timestamp()),
    (SELECT count(*) FROM {{claims}} AS c JOIN {{runs}} AS x ON x.run_id = c.run_id
     WHERE c.state = 'open' AND x.source_table = {{source_table_literal}}),
    (SELECT max(x.closed_at) FROM {{runs}} AS x WHERE x.source_table = {{source_table_literal}} AND x.state = 'done'),
    (SELECT min(s.next_fire) FROM {{schedule}} AS s WHERE s.source_table = {{source_table_literal}} AND s.next_fire > clock_timestamp()),
    (SELECT count(*) FROM {{instances}} AS i WHERE i.lease_until > clock_timestamp() AND i.throttle_share IS NOT NULL),
    (SELECT i.throttle_reason FROM {{instances}} AS i
     WHERE i.lease_until > clock_timestamp() AND i.throttle_share IS NOT NULL ORDER BY i.throttle_share LIMIT 1)
FROM (
    SELECT count(*) FILTER (WHERE u.processing_status = 'new') AS users_new,
        count(*) FILTER (WHERE u.processing_status = 'pending') AS users_pending,
        count(*) FILTER (WHERE u.processing_status = 'failed') AS users_failed
    FROM {{input}} AS u
    WHERE u.processing_status <> 'completed'
) AS b
LEFT JOIN {{control}} AS o ON o.source_table = {{source_table_literal}}
LEFT JOIN {{runs}} AS r ON r.source_table = {{source_table_literal}} AND r.state = 'open';
COMMENT ON VIEW {{view_status}} IS 'CardGenius: how things stand, in one row. Counts the users who are not completed, by an index';
COMMENT ON COLUMN {{view_status}}.users_new IS 'Users who wait';
COMMENT ON COLUMN {{view_status}}.users_pending IS 'Users who are being computed';
COMMENT ON COLUMN {{view_status}}.users_failed IS 'Users who could not be done: see processing_error, and cardgenius failures';
COMMENT ON COLUMN {{view_status}}.users_estimated IS 'Users in all, as the planner estimates; empty before the first ANALYZE';
COMMENT ON COLUMN {{view_status}}.paused IS 'True: nobody claims. To go on: UPDATE cardgenius_control SET paused = false, or cardgenius resume';
COMMENT ON COLUMN {{view_status}}.paused_by IS 'Who paused it';
COMMENT ON COLUMN {{view_status}}.paused_since IS 'Since when';
COMMENT ON COLUMN {{view_status}}.pause_reason IS 'Why';
COMMENT ON COLUMN {{view_status}}.run_id IS 'The open run; empty: none is open';
COMMENT ON COLUMN {{view_status}}.run_kind IS 'Its kind: backfill, weekly, manual or scheduled';
COMMENT ON COLUMN {{view_status}}.run_opened_at IS 'When it was opened';
COMMENT ON COLUMN {{view_status}}.instances_alive IS 'Instances whose lease holds';
COMMENT ON COLUMN {{view_status}}.claims_open IS 'Chunks of users in flight';
COMMENT ON COLUMN {{view_status}}.last_success_at IS 'When a run was last done';
COMMENT ON COLUMN {{view_status}}.next_fire_at IS 'When the next schedule is due';
COMMENT ON COLUMN {{view_status}}.instances_throttled IS 'Instances that their throttle does not let go at full speed: see cardgenius_instances';
COMMENT ON COLUMN {{view_status}}.throttle_reason IS 'Why, of the slowest of them';
