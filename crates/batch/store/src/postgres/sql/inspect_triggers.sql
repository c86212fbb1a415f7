-- The customer's own triggers on the tables asked for, as far as they fire for an ordinary session.
-- Bits of tgtype: TRIGGER_TYPE_INSERT, _DELETE, _UPDATE in the server's source.
SELECT wanted.place,
    t.tgname::text,
    t.tgtype & 4 <> 0,
    t.tgtype & 8 <> 0,
    t.tgtype & 16 <> 0,
    ARRAY(
        SELECT a.attname::text
        FROM unnest(t.tgattr::smallint[]) AS of_column (attnum)
        JOIN pg_attribute AS a ON a.attrelid = t.tgrelid AND a.attnum = of_column.attnum
    )
FROM unnest($1::text[], $2::text[]) WITH ORDINALITY AS wanted (schema_name, table_name, place)
JOIN pg_namespace AS n ON n.nspname = wanted.schema_name
JOIN pg_class AS c ON c.relnamespace = n.oid AND c.relname = wanted.table_name
JOIN pg_trigger AS t ON t.tgrelid = c.oid AND NOT t.tgisinternal AND t.tgenabled IN ('O', 'A')
ORDER BY wanted.place, t.tgname
