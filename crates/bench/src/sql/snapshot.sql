-- Takes the transaction's snapshot.
SELECT processing_status::text FROM user_spending_data LIMIT 1
