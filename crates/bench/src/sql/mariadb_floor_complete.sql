-- The users of a chunk, by their key.
UPDATE user_spending_data SET processing_status = 'completed', processed_at = UTC_TIMESTAMP(6), attempts = 0, crashes = 0
WHERE user_id BETWEEN '{{first}}' AND '{{last}}' AND claim_id = '{{claim}}' AND processing_status = 'pending'
