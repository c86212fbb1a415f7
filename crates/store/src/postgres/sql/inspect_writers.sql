-- Roles that may change the tables asked for, or add a trigger to them, and are strangers; but not the daemon's, nor its members.
WITH trusted AS (
    {{trusted_roles}}
    UNION
    SELECT d.oid FROM pg_roles AS d WHERE d.rolname = 'cardgenius_daemon'
)
SELECT wanted.place,
    -- PUBLIC is 0.
    CASE WHEN a.grantee = 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(a.grantee)) END,
    array_agg(DISTINCT a.privilege_type)
FROM unnest($1::text[], $2::text[]) WITH ORDINALITY AS wanted (schema_name, table_name, place)
JOIN pg_namespace AS n ON n.nspname = wanted.schema_name
JOIN pg_class AS c ON c.relnamespace = n.oid AND c.relname = wanted.table_name
CROSS JOIN LATERAL aclexplode(c.relacl) AS a
WHERE a.privilege_type IN ('INSERT', 'UPDATE', 'DELETE', 'TRUNCATE', 'TRIGGER')
    -- An operator's role may turn the switch.
    AND NOT (wanted.table_name = 'cardgenius_control' AND a.privilege_type = 'UPDATE' AND a.grantee <> 0)
    AND NOT EXISTS (SELECT FROM trusted AS t WHERE CASE WHEN a.grantee <> 0 THEN pg_has_role(a.grantee, t.oid, 'MEMBER') END)
GROUP BY wanted.place, a.grantee
ORDER BY wanted.place, a.grantee
