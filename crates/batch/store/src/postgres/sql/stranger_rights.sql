-- What strangers may do to our tables: a line for each, in words. The roles of roles.sql are no
-- strangers here, and neither are their members.
WITH trusted AS (
    {{trusted_roles}}
    UNION
    SELECT r.oid FROM pg_roles AS r WHERE r.rolname IN ('cardgenius_daemon', 'cardgenius_reader')
), own AS (
    SELECT c.oid, c.relowner, c.relacl, format('%I.%I', n.nspname, c.relname) AS shown
    FROM pg_class AS c
    JOIN pg_namespace AS n ON n.oid = c.relnamespace
    WHERE c.relkind = 'r'
        AND ((n.nspname = {{source_schema_literal}} AND c.relname IN ('cardgenius_schema_version', 'cardgenius_catalogues', 'cardgenius_runs',
                'cardgenius_instances', 'cardgenius_claims', 'cardgenius_schedule', 'cardgenius_control', 'cardgenius_audit', 'cardgenius_fires'))
            OR (n.nspname = {{target_schema_literal}} AND c.relname = 'cardgenius_fence'))
), may AS (
    -- PUBLIC is 0. A role that was granted what a daemon needs may be one, whatever its name; no daemon needs the last two.
    SELECT o.shown, CASE WHEN a.grantee = 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(a.grantee)) END AS grantee,
        string_agg(a.privilege_type, ', ' ORDER BY a.privilege_type) AS privileges
    FROM own AS o
    CROSS JOIN LATERAL aclexplode(o.relacl) AS a
    WHERE (a.privilege_type IN ('TRUNCATE', 'TRIGGER') OR (a.grantee = 0 AND a.privilege_type IN ('INSERT', 'UPDATE', 'DELETE')))
        AND NOT EXISTS (SELECT FROM trusted AS t WHERE CASE WHEN a.grantee <> 0 THEN pg_has_role(a.grantee, t.oid, 'MEMBER') END)
    GROUP BY o.shown, a.grantee
)
SELECT format('%s may write to our tables (%s): claims, the switch and the audit can be forged; REVOKE %s ON %s FROM %s; (granted by ALTER DEFAULT PRIVILEGES, perhaps)',
    m.grantee, string_agg(m.shown, ', ' ORDER BY m.shown), m.privileges, string_agg(m.shown, ', ' ORDER BY m.shown), m.grantee)
FROM may AS m
GROUP BY m.grantee, m.privileges
