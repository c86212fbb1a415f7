-- Back to new, without a trace of the claim. $3 is 1 where the owner died holding them. An attempt is spent where a fault is
-- proven to be the claim's only user's own ($4), or was so before, where that will do ($5).
UPDATE {{input}}
SET processing_status = 'new', claim_id = NULL, crashes = crashes + $3,
    attempts = attempts + CASE WHEN $4 OR ($5 AND attempts > 0) THEN 1 ELSE 0 END
WHERE user_id = ANY ($2::text[]) AND claim_id = $1 AND processing_status = 'pending'
