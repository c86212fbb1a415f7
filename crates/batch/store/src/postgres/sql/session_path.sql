-- The path by which a session of ours finds names: the server's own first. What the role's own path names follows, for what the
-- customer's triggers and types need, but only schemas in which no stranger may create anything, or owns a function or an operator:
-- one whose parameters fit better is called in place of the server's own, with the rights of our session (docs/adr/0020). A superuser
-- is a member of every role.
WITH own AS (
    -- Evaluated from left to right: no name is looked up while the role's own path is in force.
    SELECT set_config('search_path', s.reset_val, true) AS opened, current_schemas(false) AS schemas,
        set_config('search_path', 'pg_catalog, pg_temp', true) AS closed
    FROM pg_settings AS s
    WHERE s.name = 'search_path'
), trusted AS (
    {{trusted_roles}}
), makers AS (
    -- PUBLIC is 0.
    SELECT n.oid AS place, a.grantee AS maker
    FROM pg_namespace AS n
    CROSS JOIN LATERAL aclexplode(coalesce(n.nspacl, acldefault('n', n.nspowner))) AS a
    WHERE a.privilege_type = 'CREATE'
    UNION
    SELECT n.oid, n.nspowner FROM pg_namespace AS n
    UNION
    SELECT p.pronamespace, p.proowner FROM pg_proc AS p
    UNION
    SELECT o.oprnamespace, o.oprowner FROM pg_operator AS o
)
SELECT concat_ws(', ', 'pg_catalog', string_agg(quote_ident(n.nspname), ', ' ORDER BY named.place), 'pg_temp')
FROM own
CROSS JOIN LATERAL unnest(own.schemas) WITH ORDINALITY AS named (schema_name, place)
JOIN pg_namespace AS n ON n.nspname = named.schema_name AND n.nspname !~ '^pg_'
WHERE NOT EXISTS (
    SELECT FROM makers AS m
    WHERE m.place = n.oid
        AND NOT EXISTS (SELECT FROM trusted AS t WHERE CASE WHEN m.maker <> 0 THEN pg_has_role(m.maker, t.oid, 'MEMBER') END)
)
