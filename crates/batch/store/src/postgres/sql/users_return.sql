-- Back to new, without a trace of the claim. $3 is 1 where the owner died holding them. An attempt is spent where a fault is
-- proven to be the claim's only user's own ($4), or was so before, where that will do ($5). A join for the sake of the plan, as
-- in users_complete_listed.
UPDATE {{input}} AS u
SET processing_status = 'new', claim_id = NULL, crashes = crashes + $3,
    attempts = attempts + CASE WHEN $4 OR ($5 AND attempts > 0) THEN 1 ELSE 0 END
FROM unnest($2::text[]) AS listed (user_id)
WHERE u.user_id = listed.user_id AND u.claim_id = $1 AND u.processing_status = 'pending'
