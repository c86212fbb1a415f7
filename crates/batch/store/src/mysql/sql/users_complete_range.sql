-- All that is still pending in the claim; those that failed are not, any more. By the key's range.
UPDATE {{input}} AS u FORCE INDEX ({{input_key}})
SET u.processing_status = 'completed', u.processed_at = UTC_TIMESTAMP(6), u.attempts = 0, u.crashes = 0
WHERE u.user_id >= $2 AND u.user_id <= $3 AND u.claim_id = $1 AND u.processing_status = 'pending'
