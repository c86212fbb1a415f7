-- A line a column of each index: whether it is there whole; and where no statement may name the index, which MariaDB calls ignored and
-- MySQL invisible, the word that ends that. Each of the two runs the text of comments of its own.
SELECT s.table_name, s.index_name, s.column_name, s.non_unique = 0, s.sub_part IS NULL, s.nullable = 'YES',
    CASE WHEN FALSE THEN '' /*!80000 WHEN s.is_visible = 'NO' THEN 'VISIBLE' */ /*M!100600 WHEN s.ignored = 'YES' THEN 'NOT IGNORED' */ END
FROM information_schema.statistics AS s
WHERE s.table_schema = $1 AND s.table_name IN ($2)
ORDER BY s.table_name, s.index_name, s.seq_in_index
