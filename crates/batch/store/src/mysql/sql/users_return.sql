-- Back to new, without a trace of the claim. $3 is 1 where the owner died holding them. An attempt is spent where a fault is
-- proven to be the claim's only user's own ($4), or was so before, where that will do ($5).
UPDATE {{input}} AS u FORCE INDEX ({{input_key}})
SET u.processing_status = 'new', u.claim_id = NULL, u.crashes = u.crashes + $3,
    u.attempts = u.attempts + CASE WHEN $4 OR ($5 AND u.attempts > 0) THEN 1 ELSE 0 END
WHERE u.user_id IN ($2) AND u.claim_id = $1 AND u.processing_status = 'pending'
