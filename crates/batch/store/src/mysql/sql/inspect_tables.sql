-- Those of a database that are there, and on which this account has any right.
SELECT t.table_name, t.table_type, t.engine
FROM information_schema.tables AS t
WHERE t.table_schema = $1 AND t.table_name IN ($2)
