SELECT r.run_id, r.kind, r.state, r.opened_for, r.opened_at, r.closed_at,
    TIMESTAMPDIFF(MICROSECOND, r.opened_at, COALESCE(r.closed_at, UTC_TIMESTAMP(6))) / 1e6,
    (SELECT CAST(COALESCE(SUM(c.completed), 0) AS SIGNED) FROM {{claims}} AS c WHERE c.run_id = r.run_id),
    (SELECT CAST(COALESCE(SUM(c.failed), 0) AS SIGNED) FROM {{claims}} AS c WHERE c.run_id = r.run_id),
    r.reason
FROM (
    SELECT x.* FROM {{runs}} AS x WHERE x.source_table = $1 ORDER BY x.opened_at DESC LIMIT $2
) AS r
ORDER BY r.opened_at DESC
