SELECT r.run_id, r.kind, r.state, r.opened_for, r.opened_at, r.closed_at,
    extract(epoch FROM coalesce(r.closed_at, clock_timestamp()) - r.opened_at)::double precision,
    coalesce(sum(c.completed), 0)::bigint, coalesce(sum(c.failed), 0)::bigint, r.reason
FROM (
    SELECT x.* FROM {{runs}} AS x WHERE x.source_table = $1 ORDER BY x.opened_at DESC LIMIT $2
) AS r
LEFT JOIN {{claims}} AS c ON c.run_id = r.run_id
GROUP BY r.run_id, r.kind, r.state, r.opened_for, r.opened_at, r.closed_at, r.reason
ORDER BY r.opened_at DESC
