-- How the tables asked for are partitioned, those that are: whether there is a part for whatever has no other, and, by hash, whether
-- the parts are all there, their shares adding up to one.
SELECT wanted.place, p.partstrat::text,
    p.partdefid <> 0 OR p.partstrat = 'h' AND (
        SELECT coalesce(sum(1.0 / substring(pg_get_expr(part.relpartbound, part.oid) FROM 'modulus (\d+)')::numeric), 0) > 0.999999
        FROM pg_inherits AS i
        JOIN pg_class AS part ON part.oid = i.inhrelid
        WHERE i.inhparent = c.oid
    )
FROM unnest($1::text[], $2::text[]) WITH ORDINALITY AS wanted (schema_name, table_name, place)
JOIN pg_namespace AS n ON n.nspname = wanted.schema_name
JOIN pg_class AS c ON c.relnamespace = n.oid AND c.relname = wanted.table_name
JOIN pg_partitioned_table AS p ON p.partrelid = c.oid
ORDER BY wanted.place
