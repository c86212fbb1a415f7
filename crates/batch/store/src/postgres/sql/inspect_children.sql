-- Tables that inherit from the tables asked for and are no partitions of them: a key of the parent holds in none of them.
SELECT wanted.place, m.nspname::text, k.relname::text
FROM unnest($1::text[], $2::text[]) WITH ORDINALITY AS wanted (schema_name, table_name, place)
JOIN pg_namespace AS n ON n.nspname = wanted.schema_name
JOIN pg_class AS c ON c.relnamespace = n.oid AND c.relname = wanted.table_name
JOIN pg_inherits AS i ON i.inhparent = c.oid
JOIN pg_class AS k ON k.oid = i.inhrelid AND NOT k.relispartition AND k.relkind <> 'I'
JOIN pg_namespace AS m ON m.oid = k.relnamespace
ORDER BY wanted.place, m.nspname, k.relname
