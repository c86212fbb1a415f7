-- A line a column of each index; of a column that is not there whole, how much of it is. An index that the server was told to ignore
-- (MariaDB), or that is invisible (MySQL), is none: a statement that names it is refused.
SELECT s.table_name, s.index_name, s.column_name, s.non_unique = 0, s.sub_part IS NULL, s.nullable = 'YES'
FROM information_schema.statistics AS s
WHERE s.table_schema = $1 AND s.table_name IN ($2) /*M!100600 AND s.ignored = 'NO' */ /*!80000 AND s.is_visible = 'YES' */
ORDER BY s.table_name, s.index_name, s.seq_in_index
