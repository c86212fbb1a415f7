UPDATE {{runs}}
SET state = $2, closed_by = $3, closed_at = clock_timestamp(), users_left = $4, reason = $5
WHERE run_id = $1 AND state = 'open'
