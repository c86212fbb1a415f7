-- The rules that rewrite an UPDATE ('2'), an INSERT ('3') or a DELETE ('4') of the tables asked for, as far as they hold for an
-- ordinary session.
SELECT wanted.place, r.rulename::text, r.ev_type::text, r.is_instead
FROM unnest($1::text[], $2::text[]) WITH ORDINALITY AS wanted (schema_name, table_name, place)
JOIN pg_namespace AS n ON n.nspname = wanted.schema_name
JOIN pg_class AS c ON c.relnamespace = n.oid AND c.relname = wanted.table_name
JOIN pg_rewrite AS r ON r.ev_class = c.oid AND r.ev_type IN ('2', '3', '4') AND r.ev_enabled IN ('O', 'A')
ORDER BY wanted.place, r.rulename
