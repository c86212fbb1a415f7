-- Names of tables that our own tables speak of, and under which no table is here; see 0004_11_names_gone.sql. By name: whether it is
-- one of another schema, whether its switch is paused, how many claims are open over it; and whether the table that we are told of
-- has a switch.
SELECT n.source_table,
    left(n.source_table, length({{source_schema_literal}}) + 1) <> {{source_schema_literal}} || '.',
    EXISTS (SELECT FROM {{control}} AS o WHERE o.source_table = n.source_table AND o.paused),
    (SELECT count(*) FROM {{claims}} AS c JOIN {{runs}} AS x ON x.run_id = c.run_id
        WHERE c.state = 'open' AND x.source_table = n.source_table),
    EXISTS (SELECT FROM {{control}} AS o WHERE o.source_table = {{source_table_literal}})
FROM (SELECT r.source_table FROM {{runs}} AS r WHERE r.state = 'open' UNION SELECT o.source_table FROM {{control}} AS o) AS n
WHERE n.source_table <> {{source_table_literal}}
    AND NOT EXISTS (
        SELECT FROM pg_catalog.pg_class AS t
        WHERE t.relnamespace = (SELECT s.oid FROM pg_catalog.pg_namespace AS s WHERE s.nspname = {{source_schema_literal}})
            AND t.relkind IN ('r', 'p') AND {{source_schema_literal}} || '.' || t.relname = n.source_table)
ORDER BY n.source_table
LIMIT 10
