-- Users who were completed by a claim and have no rows.
SELECT count(*), min(user_id)::text
FROM user_spending_data AS u
WHERE u.processing_status = 'completed' AND u.claim_id IS NOT NULL
    AND NOT EXISTS (SELECT FROM card_recommendations AS r WHERE r.user_id = u.user_id AND r."rank" = 1)
