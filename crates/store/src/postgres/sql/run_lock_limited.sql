-- As run_lock_shared, for a run of a limited number of users: one claim after the other.
SELECT state, max_users FROM {{runs}} WHERE run_id = $1 FOR NO KEY UPDATE
