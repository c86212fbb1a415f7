-- One row for each table asked for, there or not. By the catalogue: to_regclass would raise where USAGE is missing.
SELECT n.oid IS NOT NULL,
    coalesce(has_schema_privilege(n.oid, 'USAGE'), false),
    c.relkind::text,
    c.relpersistence::text,
    coalesce(c.reloptions, '{}'),
    coalesce(row_security_active(c.oid), false),
    ARRAY(
        SELECT privilege
        FROM unnest('{SELECT,INSERT,UPDATE,DELETE}'::text[]) AS privilege
        WHERE has_table_privilege(c.oid, privilege)
    )
FROM unnest($1::text[], $2::text[]) WITH ORDINALITY AS wanted (schema_name, table_name, place)
LEFT JOIN pg_namespace AS n ON n.nspname = wanted.schema_name
LEFT JOIN pg_class AS c ON c.relnamespace = n.oid AND c.relname = wanted.table_name
ORDER BY wanted.place
