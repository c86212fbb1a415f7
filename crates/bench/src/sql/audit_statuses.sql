-- All users; those completed; those completed since the run began.
SELECT count(*), count(*) FILTER (WHERE processing_status = 'completed'),
    count(*) FILTER (WHERE processing_status = 'completed' AND claim_id IS NOT NULL AND processed_at >= $1)
FROM user_spending_data
