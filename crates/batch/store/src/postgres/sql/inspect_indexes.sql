-- The indexes of the tables asked for. A unique one is a key if it holds for every row, at every moment, by plain columns.
SELECT wanted.place,
    i.relname::text,
    ARRAY(
        SELECT a.attname::text
        FROM unnest(x.indkey::smallint[]) WITH ORDINALITY AS key_column (attnum, place)
        JOIN pg_attribute AS a ON a.attrelid = x.indrelid AND a.attnum = key_column.attnum
        WHERE key_column.place <= x.indnkeyatts
        ORDER BY key_column.place
    ),
    x.indisvalid AND x.indisready AND x.indislive,
    x.indisunique AND x.indimmediate AND x.indpred IS NULL AND x.indexprs IS NULL
FROM unnest($1::text[], $2::text[]) WITH ORDINALITY AS wanted (schema_name, table_name, place)
JOIN pg_namespace AS n ON n.nspname = wanted.schema_name
JOIN pg_class AS c ON c.relnamespace = n.oid AND c.relname = wanted.table_name
JOIN pg_index AS x ON x.indrelid = c.oid
JOIN pg_class AS i ON i.oid = x.indexrelid
ORDER BY wanted.place, i.relname
