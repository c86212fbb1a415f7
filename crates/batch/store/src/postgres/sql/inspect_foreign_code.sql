-- Strangers' functions and types that the tables asked for, or parts of them, make our sessions call: a row for each place in which
-- one is used, in words, with its owner.
WITH RECURSIVE trusted AS (
    {{trusted_roles}}
), parts AS (
    SELECT wanted.place, c.oid AS table_id
    FROM unnest($1::text[], $2::text[]) WITH ORDINALITY AS wanted (schema_name, table_name, place)
    JOIN pg_namespace AS n ON n.nspname = wanted.schema_name
    JOIN pg_class AS c ON c.relnamespace = n.oid AND c.relname = wanted.table_name AND c.relkind IN ('r', 'p')
    UNION
    SELECT p.place, i.inhrelid
    FROM parts AS p
    JOIN pg_inherits AS i ON i.inhparent = p.table_id
), domains AS (
    SELECT p.place, a.attname AS column_name, t.oid AS type_id, t.typbasetype AS base_id, t.typowner, t.typnamespace, t.typname
    FROM parts AS p
    JOIN pg_attribute AS a ON a.attrelid = p.table_id AND NOT a.attisdropped
    JOIN pg_type AS t ON t.oid = a.atttypid AND t.typtype = 'd'
    UNION
    SELECT d.place, d.column_name, t.oid, t.typbasetype, t.typowner, t.typnamespace, t.typname
    FROM domains AS d
    JOIN pg_type AS t ON t.oid = d.base_id AND t.typtype = 'd'
), dependents AS (
    SELECT p.place, 'pg_constraint'::regclass AS class_id, k.oid AS object_id, format('constraint %I', k.conname) AS word
    FROM parts AS p
    JOIN pg_constraint AS k ON k.conrelid = p.table_id
    UNION ALL
    SELECT d.place, 'pg_constraint'::regclass, k.oid, format('constraint %I in the type of its column %I', k.conname, d.column_name)
    FROM domains AS d
    JOIN pg_constraint AS k ON k.contypid = d.type_id
    UNION ALL
    SELECT p.place, 'pg_attrdef'::regclass, f.oid, format('default of the column %I', a.attname)
    FROM parts AS p
    JOIN pg_attrdef AS f ON f.adrelid = p.table_id
    JOIN pg_attribute AS a ON a.attrelid = f.adrelid AND a.attnum = f.adnum
    UNION ALL
    SELECT p.place, 'pg_class'::regclass, x.indexrelid, format('index %I', i.relname)
    FROM parts AS p
    JOIN pg_index AS x ON x.indrelid = p.table_id
    JOIN pg_class AS i ON i.oid = x.indexrelid
), called AS (
    SELECT p.place, format('trigger %I', t.tgname) AS word, t.tgfoid AS function_id
    FROM parts AS p
    JOIN pg_trigger AS t ON t.tgrelid = p.table_id AND NOT t.tgisinternal AND t.tgenabled IN ('O', 'A')
    UNION
    SELECT d.place, d.word, e.refobjid
    FROM dependents AS d
    JOIN pg_depend AS e ON e.classid = d.class_id AND e.objid = d.object_id AND e.refclassid = 'pg_proc'::regclass
)
SELECT c.place, format('the %s, whose function %I.%I', c.word, n.nspname, f.proname), quote_ident(pg_get_userbyid(f.proowner))
FROM called AS c
JOIN pg_proc AS f ON f.oid = c.function_id
JOIN pg_namespace AS n ON n.oid = f.pronamespace
WHERE NOT EXISTS (SELECT FROM trusted AS t WHERE pg_has_role(f.proowner, t.oid, 'MEMBER'))
UNION
SELECT d.place, format('the column %I, whose type %I.%I', d.column_name, n.nspname, d.typname), quote_ident(pg_get_userbyid(d.typowner))
FROM domains AS d
JOIN pg_namespace AS n ON n.oid = d.typnamespace
WHERE NOT EXISTS (SELECT FROM trusted AS t WHERE pg_has_role(d.typowner, t.oid, 'MEMBER'))
ORDER BY 1, 2
