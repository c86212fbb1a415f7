-- Foreign keys that reference the tables asked for, or a part of one. A foreign key of a partitioned table is listed once: the copies
-- that its parts have are left out.
WITH RECURSIVE family AS (
    SELECT wanted.place, c.oid AS relation
    FROM unnest($1::text[], $2::text[]) WITH ORDINALITY AS wanted (schema_name, table_name, place)
    JOIN pg_namespace AS n ON n.nspname = wanted.schema_name
    JOIN pg_class AS c ON c.relnamespace = n.oid AND c.relname = wanted.table_name
    UNION
    SELECT family.place, i.inhrelid
    FROM family
    JOIN pg_inherits AS i ON i.inhparent = family.relation
)
SELECT family.place, k.conname::text, n.nspname || '.' || r.relname, k.confdeltype::text, k.condeferred
FROM family
JOIN pg_constraint AS k ON k.confrelid = family.relation AND k.contype = 'f'
JOIN pg_class AS r ON r.oid = k.conrelid
JOIN pg_namespace AS n ON n.oid = r.relnamespace
WHERE NOT EXISTS (
    SELECT FROM pg_constraint AS upper
    JOIN family AS above ON above.relation = upper.confrelid AND above.place = family.place
    WHERE upper.oid = k.conparentid
)
ORDER BY family.place, 3, 2
