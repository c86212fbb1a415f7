-- Exactly those that this transaction holds and has written.
UPDATE {{input}}
SET processing_status = 'completed', processed_at = clock_timestamp(), attempts = 0, crashes = 0
WHERE user_id = ANY ($2::text[]) AND claim_id = $1 AND processing_status = 'pending'
