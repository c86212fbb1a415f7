-- Back to new, without a trace of the claim. $3 is 1 where the owner died holding them, $4 where a
-- fault hit the claim's only user.
UPDATE {{input}}
SET processing_status = 'new', claim_id = NULL, crashes = crashes + $3, attempts = attempts + $4
WHERE user_id = ANY ($2::text[]) AND claim_id = $1 AND processing_status = 'pending'
