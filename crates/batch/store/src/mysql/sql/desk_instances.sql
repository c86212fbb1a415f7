SELECT i.instance_id, i.host, i.process_id, i.program_version, i.started_at, i.lease_until > UTC_TIMESTAMP(6),
    TIMESTAMPDIFF(MICROSECOND, UTC_TIMESTAMP(6), i.lease_until) / 1e6,
    COALESCE(c.claims, 0), COALESCE(c.users, 0),
    i.throttle_share, i.throttle_reason, i.throttle_since
FROM {{instances}} AS i
LEFT JOIN (
    SELECT o.owner, COUNT(*) AS claims,
        CAST(SUM(o.users - o.completed - o.failed - o.superseded - o.returned) AS SIGNED) AS users
    FROM {{claims}} AS o
    WHERE o.state = 'open'
    GROUP BY o.owner
) AS c ON c.owner = i.instance_id
WHERE c.claims > 0 OR i.lease_until > UTC_TIMESTAMP(6)
    OR (i.stopped_at IS NULL AND i.lease_until > UTC_TIMESTAMP(6) - INTERVAL 1 DAY)
ORDER BY i.started_at
LIMIT 1000
