-- Small tables only. The open run's users settled so far are sums over its claims, found by their index.
SELECT clock_timestamp(),
    (SELECT count(*) FROM {{instances}} WHERE stopped_at IS NULL AND lease_until >= clock_timestamp()),
    (SELECT count(*) FROM {{instances}} WHERE stopped_at IS NULL AND lease_until < clock_timestamp()
        AND renewed_at > clock_timestamp() - interval '1 day'),
    (SELECT changed_at FROM {{control}} WHERE source_table = $1 AND paused),
    r.run_id, r.kind, least(r.backlog, r.max_users), r.opened_at, coalesce(c.settled, 0)::bigint, c.last_progress
FROM (VALUES (0)) AS always
LEFT JOIN {{runs}} AS r ON r.source_table = $1 AND r.state = 'open'
LEFT JOIN LATERAL (
    SELECT sum(completed + failed + superseded) AS settled,
        max(closed_at) FILTER (WHERE completed + failed + superseded > 0) AS last_progress
    FROM {{claims}} WHERE run_id = r.run_id
) AS c ON true
