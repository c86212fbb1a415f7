-- Small tables only. The open run's users settled so far are sums over its claims, found by their index.
SELECT UTC_TIMESTAMP(6),
    (SELECT COUNT(*) FROM {{instances}} WHERE stopped_at IS NULL AND lease_until >= UTC_TIMESTAMP(6)),
    (SELECT COUNT(*) FROM {{instances}} WHERE stopped_at IS NULL AND lease_until < UTC_TIMESTAMP(6)
        AND renewed_at > UTC_TIMESTAMP(6) - INTERVAL 1 DAY),
    (SELECT changed_at FROM {{control}} WHERE source_table = $1 AND paused),
    r.run_id, r.kind, LEAST(r.backlog, COALESCE(r.max_users, r.backlog)), r.opened_at,
    (SELECT CAST(COALESCE(SUM(c.completed + c.failed + c.superseded), 0) AS SIGNED) FROM {{claims}} AS c WHERE c.run_id = r.run_id),
    (SELECT MAX(c.closed_at) FROM {{claims}} AS c WHERE c.run_id = r.run_id AND c.completed + c.failed + c.superseded > 0)
FROM (SELECT 1 AS one) AS always
LEFT JOIN {{runs}} AS r ON r.open_source = $1
