-- The open run, over its claims.
SELECT r.run_id, r.kind, r.opened_for, r.opened_at, r.backlog, COALESCE(c.done, 0), COALESCE(c.failed, 0),
    COALESCE(c.last_minute, 0)
        / LEAST(60, GREATEST(1, TIMESTAMPDIFF(MICROSECOND, r.opened_at, UTC_TIMESTAMP(6)) / 1e6)),
    COALESCE(c.open_claims, 0)
FROM {{runs}} AS r
LEFT JOIN (
    SELECT x.run_id,
        CAST(SUM(x.completed + x.failed + x.superseded) AS SIGNED) AS done,
        CAST(SUM(x.failed) AS SIGNED) AS failed,
        CAST(SUM(CASE WHEN x.closed_at > UTC_TIMESTAMP(6) - INTERVAL 1 MINUTE THEN x.completed + x.failed + x.superseded ELSE 0 END)
            AS SIGNED) AS last_minute,
        CAST(SUM(x.state = 'open') AS SIGNED) AS open_claims
    FROM {{runs}} AS o
    JOIN {{claims}} AS x ON x.run_id = o.run_id
    WHERE o.open_source = $1
    GROUP BY x.run_id
) AS c ON c.run_id = r.run_id
WHERE r.open_source = $1
