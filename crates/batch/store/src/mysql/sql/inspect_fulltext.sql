-- The first FULLTEXT index of a table: with one the server alters the table only while it keeps writers waiting.
SELECT s.index_name
FROM information_schema.statistics AS s
WHERE s.table_schema = $1 AND s.table_name = $2 AND s.index_type = 'FULLTEXT'
ORDER BY s.index_name
LIMIT 1
