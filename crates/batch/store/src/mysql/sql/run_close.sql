UPDATE {{runs}}
SET state = $2, closed_by = $3, closed_at = UTC_TIMESTAMP(6), users_left = $4,
    reason = COALESCE($5, CASE WHEN $4 > 0 THEN CONCAT('limited to ', max_users, ' users') END)
WHERE run_id = $1 AND state = 'open'
