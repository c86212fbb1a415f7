-- The type of the output's key: as long as the input's, and comparing as that does, where that is text; else one that compares as
-- finely as the server can.
SELECT COALESCE(
    (SELECT CONCAT('VARCHAR(', c.character_maximum_length, ') CHARACTER SET ', c.character_set_name, ' COLLATE ', c.collation_name)
     FROM information_schema.columns AS c
     WHERE c.table_schema = {{source_schema_literal}} AND c.table_name = {{input_table_literal}} AND c.column_name = 'user_id'),
    (SELECT CONCAT('VARCHAR(50) CHARACTER SET utf8mb4 COLLATE ', f.collation_name)
     FROM information_schema.collations AS f
     WHERE f.collation_name IN ('utf8mb4_nopad_bin', 'utf8mb4_0900_bin', 'utf8mb4_bin')
     ORDER BY FIELD(f.collation_name, 'utf8mb4_nopad_bin', 'utf8mb4_0900_bin', 'utf8mb4_bin')
     LIMIT 1))
