UPDATE {{runs}}
SET state = $2, closed_by = $3, closed_at = clock_timestamp(), users_left = $4::bigint,
    reason = coalesce($5, CASE WHEN $4::bigint > 0 THEN 'limited to ' || max_users || ' users' END)
WHERE run_id = $1 AND state = 'open'
