-- Sequences that defaults of columns draw from, where this role may not: whoever inserts needs a right on them. The CASE
-- keeps the server from asking for a sequence's privilege on what is none, which is an error.
SELECT wanted.place, a.attname::text, sn.nspname::text, s.relname::text
FROM unnest($1::text[], $2::text[]) WITH ORDINALITY AS wanted (schema_name, table_name, place)
JOIN pg_namespace AS n ON n.nspname = wanted.schema_name
JOIN pg_class AS c ON c.relnamespace = n.oid AND c.relname = wanted.table_name
JOIN pg_attribute AS a ON a.attrelid = c.oid
JOIN pg_attrdef AS d ON d.adrelid = c.oid AND d.adnum = a.attnum
JOIN pg_depend AS p ON p.classid = 'pg_catalog.pg_attrdef'::regclass AND p.objid = d.oid
    AND p.refclassid = 'pg_catalog.pg_class'::regclass
JOIN pg_class AS s ON s.oid = p.refobjid
JOIN pg_namespace AS sn ON sn.oid = s.relnamespace
WHERE CASE WHEN s.relkind = 'S' THEN NOT has_sequence_privilege(s.oid, 'USAGE') AND NOT has_sequence_privilege(s.oid, 'UPDATE') END
ORDER BY wanted.place, a.attnum
