-- Those of a list that fail for one and the same reason.
UPDATE {{input}} AS u FORCE INDEX ({{input_key}})
SET u.processing_status = 'failed', u.processing_error = $3, u.processed_at = UTC_TIMESTAMP(6), u.attempts = 0, u.crashes = 0
WHERE u.user_id IN ($2) AND u.claim_id = $1 AND u.processing_status = 'pending'
