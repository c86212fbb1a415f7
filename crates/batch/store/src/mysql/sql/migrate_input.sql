-- What the customer's table is.
SELECT t.table_type, t.engine FROM information_schema.tables AS t WHERE t.table_schema = $1 AND t.table_name = $2
