SELECT COUNT(*) FROM {{claims}} WHERE run_id = $1 AND state = 'open'
