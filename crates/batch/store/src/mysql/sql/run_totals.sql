-- Sums over the claims, never a counter that everybody updates.
SELECT r.state, r.users_left,
    CAST(COALESCE(SUM(c.completed), 0) AS SIGNED), CAST(COALESCE(SUM(c.failed), 0) AS SIGNED),
    CAST(COALESCE(SUM(c.superseded), 0) AS SIGNED), CAST(COALESCE(SUM(c.returned), 0) AS SIGNED),
    CAST(COALESCE(SUM(c.left_locked), 0) AS SIGNED), CAST(COALESCE(SUM(c.rows_loaded), 0) AS SIGNED),
    COUNT(CASE WHEN c.state = 'open' THEN 1 END), r.reason
FROM {{runs}} AS r
LEFT JOIN {{claims}} AS c ON c.run_id = r.run_id
WHERE r.run_id = $1
GROUP BY r.run_id, r.state, r.users_left, r.reason
