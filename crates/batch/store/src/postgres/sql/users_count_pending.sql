-- All of the claim's users that are still pending, locked by somebody or not.
SELECT count(*) FROM {{input}} WHERE user_id >= $2 AND user_id <= $3 AND claim_id = $1 AND processing_status = 'pending'
