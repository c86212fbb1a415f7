-- How the output's key is to compare: as the input's does, where that is text; else as finely as the server can.
SELECT COALESCE(
    (SELECT CONCAT('CHARACTER SET ', c.character_set_name, ' COLLATE ', c.collation_name)
     FROM information_schema.columns AS c
     WHERE c.table_schema = {{source_schema_literal}} AND c.table_name = {{input_table_literal}} AND c.column_name = 'user_id'),
    (SELECT CONCAT('CHARACTER SET utf8mb4 COLLATE ', f.collation_name)
     FROM information_schema.collations AS f
     WHERE f.collation_name IN ('utf8mb4_nopad_bin', 'utf8mb4_0900_bin', 'utf8mb4_bin')
     ORDER BY FIELD(f.collation_name, 'utf8mb4_nopad_bin', 'utf8mb4_0900_bin', 'utf8mb4_bin')
     LIMIT 1))
