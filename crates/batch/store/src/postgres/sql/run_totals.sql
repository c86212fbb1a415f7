-- Sums over the claims, never a counter that everybody updates.
SELECT r.state, r.users_left,
    coalesce(sum(c.completed), 0)::bigint, coalesce(sum(c.failed), 0)::bigint, coalesce(sum(c.superseded), 0)::bigint,
    coalesce(sum(c.returned), 0)::bigint, coalesce(sum(c.left_locked), 0)::bigint, coalesce(sum(c.rows_loaded), 0)::bigint,
    count(*) FILTER (WHERE c.state = 'open'), r.reason
FROM {{runs}} AS r
LEFT JOIN {{claims}} AS c ON c.run_id = r.run_id
WHERE r.run_id = $1
GROUP BY r.run_id
