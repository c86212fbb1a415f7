-- Whoever claims holds the run open; whoever closes it waits for that, and sees the claim.
SELECT state, max_users FROM {{runs}} WHERE run_id = $1 FOR SHARE
