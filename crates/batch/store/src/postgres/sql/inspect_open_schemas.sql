-- The schemas of the tables in which strangers may create something, or own a function or an operator; with the strangers' names.
WITH trusted AS (
    {{trusted_roles}}
), makers AS (
    -- PUBLIC is 0.
    SELECT n.oid AS place, a.grantee AS maker, true AS may_create
    FROM pg_namespace AS n
    CROSS JOIN LATERAL aclexplode(coalesce(n.nspacl, acldefault('n', n.nspowner))) AS a
    WHERE a.privilege_type = 'CREATE'
    UNION
    SELECT p.pronamespace, p.proowner, false FROM pg_proc AS p
    UNION
    SELECT o.oprnamespace, o.oprowner, false FROM pg_operator AS o
)
SELECT n.nspname::text,
    array_agg(DISTINCT CASE WHEN m.maker = 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(m.maker)) END) FILTER (WHERE m.may_create),
    array_agg(DISTINCT quote_ident(pg_get_userbyid(m.maker))) FILTER (WHERE NOT m.may_create)
FROM pg_namespace AS n
JOIN makers AS m ON m.place = n.oid
WHERE n.nspname IN ({{source_schema_literal}}, {{target_schema_literal}})
    AND NOT EXISTS (SELECT FROM trusted AS t WHERE CASE WHEN m.maker <> 0 THEN pg_has_role(m.maker, t.oid, 'MEMBER') END)
GROUP BY n.nspname
ORDER BY n.nspname
