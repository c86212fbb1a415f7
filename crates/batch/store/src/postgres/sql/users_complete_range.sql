-- All that is still pending in the claim; those that failed are not, any more. By the key's range: cheaper than 10,000 keys.
UPDATE {{input}}
SET processing_status = 'completed', processed_at = clock_timestamp(), attempts = 0, crashes = 0
WHERE user_id >= $2 AND user_id <= $3 AND claim_id = $1 AND processing_status = 'pending'
