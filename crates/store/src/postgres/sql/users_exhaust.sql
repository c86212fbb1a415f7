-- Faults that pass for everybody else have hit this user alone, once too often.
UPDATE {{input}}
SET processing_status = 'failed', processing_error = $4, processed_at = clock_timestamp(), attempts = 0, crashes = 0
WHERE user_id = ANY ($2::text[]) AND claim_id = $1 AND processing_status = 'pending' AND attempts + 1 >= $3
