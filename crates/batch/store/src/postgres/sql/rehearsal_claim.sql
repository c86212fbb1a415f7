-- What a claim does to user $2, whatever the status was.
UPDATE {{input}} SET processing_status = 'pending', claim_id = $1, processing_error = NULL WHERE user_id = $2
