-- Whether our index is there; one that was not built to its end leaves nothing behind.
SELECT s.index_name FROM information_schema.statistics AS s
WHERE s.table_schema = $1 AND s.table_name = $2 AND s.index_name = $3
LIMIT 1
