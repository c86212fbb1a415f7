-- The schema $1, whether this role may create tables in it, and who owns the table $2 there, if it is there.
SELECT current_user::text, has_schema_privilege(n.oid, 'CREATE'), pg_get_userbyid(c.relowner)::text, coalesce(pg_has_role(c.relowner, 'USAGE'), true)
FROM pg_namespace AS n
LEFT JOIN pg_class AS c ON c.relnamespace = n.oid AND c.relname = $2
WHERE n.nspname = $1
