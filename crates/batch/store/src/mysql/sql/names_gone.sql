-- Names of tables that our own tables speak of, and under which this account sees no table here; see 0004_01_names_gone.sql. By name:
-- whether it is one of another database, whether its switch is paused, how many claims are open over it; and whether the table that
-- we are told of has a switch.
SELECT n.source_table,
    LEFT(n.source_table, CHAR_LENGTH({{source_schema_literal}}) + 1) <> CONCAT({{source_schema_literal}}, '.'),
    EXISTS (SELECT 1 FROM {{control}} AS o WHERE o.source_table = n.source_table AND o.paused),
    (SELECT COUNT(*) FROM {{claims}} AS c JOIN {{runs}} AS x ON x.run_id = c.run_id
        WHERE c.state = 'open' AND x.source_table = n.source_table),
    EXISTS (SELECT 1 FROM {{control}} AS o WHERE o.source_table = {{source_table_literal}})
FROM (SELECT r.source_table FROM {{runs}} AS r WHERE r.state = 'open' UNION SELECT o.source_table FROM {{control}} AS o) AS n
WHERE n.source_table <> {{source_table_literal}}
    AND NOT EXISTS (
        SELECT 1 FROM information_schema.tables AS t
        WHERE t.table_schema = {{source_schema_literal}} AND t.table_type <> 'VIEW'
            AND IF(@@lower_case_table_names = 0,
                CONVERT(CONCAT({{source_schema_literal}}, '.', t.table_name) USING utf8mb4) COLLATE utf8mb4_bin = n.source_table,
                LOWER(CONVERT(CONCAT({{source_schema_literal}}, '.', t.table_name) USING utf8mb4)) COLLATE utf8mb4_bin
                    = LOWER(n.source_table)))
ORDER BY n.source_table
LIMIT 10
