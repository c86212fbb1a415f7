-- Under the lock of run_lock_limited: users that may still be claimed. Whoever was given back has made room.
SELECT r.max_users - CAST(COALESCE(SUM(c.users - c.returned - c.left_locked - c.superseded), 0) AS SIGNED)
FROM {{runs}} AS r
LEFT JOIN {{claims}} AS c ON c.run_id = r.run_id
WHERE r.run_id = $1
GROUP BY r.run_id, r.max_users
