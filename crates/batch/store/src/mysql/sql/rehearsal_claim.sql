-- What a claim does to user $2, whatever the status was.
UPDATE {{input}} AS u FORCE INDEX ({{input_key}})
SET u.processing_status = 'pending', u.claim_id = $1, u.processing_error = NULL
WHERE u.user_id = $2
