-- Back to new, without a trace of the claim. $3 is 1 where the owner died holding them.
UPDATE {{input}}
SET processing_status = 'new', claim_id = NULL, crashes = crashes + $3
WHERE user_id = ANY ($2::text[]) AND claim_id = $1 AND processing_status = 'pending'
