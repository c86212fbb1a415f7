-- A line a column of each index; of a column that is not there whole, how much of it is.
SELECT s.table_name, s.index_name, s.column_name, s.non_unique = 0, s.sub_part IS NULL, s.nullable = 'YES'
FROM information_schema.statistics AS s
WHERE s.table_schema = $1 AND s.table_name IN ($2)
ORDER BY s.table_name, s.index_name, s.seq_in_index
