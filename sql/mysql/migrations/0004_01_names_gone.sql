-- A table of users may be renamed, its database may be renamed, or a copy of it restored under another name. Our own tables still have
-- the old name then. Gone is each name under which no table is here: our tables lie beside the table of users, so the name of
-- another database is always gone. What belongs to a gone name is carried over where this table has no run yet and one name is gone.
SET @cardgenius_gone = (
        SELECT JSON_ARRAYAGG(n.source_table)
        FROM (SELECT r.source_table FROM {{runs}} AS r UNION SELECT o.source_table FROM {{control}} AS o
            UNION SELECT s.source_table FROM {{schedule}} AS s) AS n
        WHERE n.source_table <> {{source_table_literal}}
            AND NOT EXISTS (
                SELECT 1 FROM information_schema.tables AS t
                WHERE t.table_schema = {{source_schema_literal}} AND t.table_type <> 'VIEW'
                    AND IF(@@lower_case_table_names = 0,
                        CONVERT(CONCAT({{source_schema_literal}}, '.', t.table_name) USING utf8mb4) COLLATE utf8mb4_bin = n.source_table,
                        LOWER(CONVERT(CONCAT({{source_schema_literal}}, '.', t.table_name) USING utf8mb4)) COLLATE utf8mb4_bin
                            = LOWER(n.source_table)))),
    @cardgenius_elsewhere = EXISTS (
        SELECT 1 FROM {{control}} AS o
        WHERE LEFT(o.source_table, CHAR_LENGTH({{source_schema_literal}}) + 1) <> CONCAT({{source_schema_literal}}, '.')
        UNION ALL
        SELECT 1 FROM {{runs}} AS r
        WHERE LEFT(r.source_table, CHAR_LENGTH({{source_schema_literal}}) + 1) <> CONCAT({{source_schema_literal}}, '.')),
    @cardgenius_unused = NOT EXISTS (SELECT 1 FROM {{runs}} AS r WHERE r.source_table = {{source_table_literal}})
