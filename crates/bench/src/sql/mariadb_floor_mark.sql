-- The floor's claim, a transaction of its own.
UPDATE user_spending_data SET processing_status = 'pending', claim_id = '{{claim}}', processing_error = NULL
WHERE user_id BETWEEN '{{first}}' AND '{{last}}' AND processing_status = 'new'
