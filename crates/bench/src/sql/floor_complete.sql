UPDATE user_spending_data
SET processing_status = 'completed', processed_at = clock_timestamp(), attempts = 0, crashes = 0
WHERE user_id BETWEEN $2 AND $3 AND claim_id = $1 AND processing_status = 'pending'
