-- The claim's users that can be had now; those that somebody holds locked stay with the claim.
SELECT user_id
FROM {{input}}
WHERE user_id >= $2 AND user_id <= $3 AND claim_id = $1 AND processing_status = 'pending'
ORDER BY user_id
FOR NO KEY UPDATE SKIP LOCKED
