-- Which of our columns the customer's table has.
SELECT c.column_name FROM information_schema.columns AS c
WHERE c.table_schema = $1 AND c.table_name = $2 AND c.column_name IN ('claim_id', 'attempts', 'crashes', 'processed_at')
