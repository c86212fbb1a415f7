-- Those that claim_lock_users has locked.
UPDATE {{input}} AS u FORCE INDEX ({{input_key}})
SET u.processing_status = 'pending', u.claim_id = $1, u.processing_error = NULL
WHERE u.user_id IN ($2) AND u.processing_status = 'new'
