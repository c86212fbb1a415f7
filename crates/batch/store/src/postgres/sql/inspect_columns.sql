-- The columns of the tables asked for, and those of the server's own that say where a row lies. A domain counts as the type
-- that it is made of.
WITH RECURSIVE resolved AS (
    SELECT wanted.place, a.attrelid, a.attnum, a.atttypid AS type_id, a.atttypmod AS typmod,
        a.attnotnull AND a.attnum > 0 AS not_null, a.atthasdef AS has_default
    FROM unnest($1::text[], $2::text[]) WITH ORDINALITY AS wanted (schema_name, table_name, place)
    JOIN pg_namespace AS n ON n.nspname = wanted.schema_name
    JOIN pg_class AS c ON c.relnamespace = n.oid AND c.relname = wanted.table_name
    JOIN pg_attribute AS a ON a.attrelid = c.oid AND NOT a.attisdropped
        AND (a.attnum > 0 OR a.attname IN ('ctid', 'tableoid'))
    UNION ALL
    SELECT r.place, r.attrelid, r.attnum, d.typbasetype, d.typtypmod,
        r.not_null OR d.typnotnull, r.has_default OR d.typdefault IS NOT NULL
    FROM resolved AS r
    JOIN pg_type AS d ON d.oid = r.type_id AND d.typtype = 'd'
)
SELECT r.place,
    a.attname::text,
    CASE WHEN tn.nspname = 'pg_catalog' OR t.typname = 'citext' THEN t.typname::text ELSE tn.nspname || '.' || t.typname END,
    r.typmod,
    format_type(a.atttypid, a.atttypmod),
    ARRAY(SELECT e.enumlabel::text FROM pg_enum AS e WHERE e.enumtypid = t.oid ORDER BY e.enumsortorder),
    r.not_null,
    r.has_default,
    a.attidentity::text,
    a.attgenerated <> '',
    CASE WHEN l.collisdeterministic THEN NULL ELSE ln.nspname || '.' || l.collname END,
    ARRAY(
        SELECT privilege
        FROM unnest('{SELECT,INSERT,UPDATE}'::text[]) AS privilege
        WHERE has_column_privilege(a.attrelid, a.attnum, privilege)
    ),
    r.type_id <> a.atttypid
FROM resolved AS r
JOIN pg_attribute AS a ON a.attrelid = r.attrelid AND a.attnum = r.attnum
JOIN pg_type AS t ON t.oid = r.type_id AND t.typtype <> 'd'
JOIN pg_namespace AS tn ON tn.oid = t.typnamespace
LEFT JOIN pg_collation AS l ON l.oid = a.attcollation
LEFT JOIN pg_namespace AS ln ON ln.oid = l.collnamespace
ORDER BY r.place, r.attnum
