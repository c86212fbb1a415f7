-- Default privileges (ALTER DEFAULT PRIVILEGES ... GRANT ... TO PUBLIC) open what is made after them to every role. What is ours is closed
-- to PUBLIC again, wherever it was opened. What is granted to a role by its name stays.
DO $do$
DECLARE
    statement text;
BEGIN
    FOR statement IN
        WITH ours AS (
            SELECT c.oid, c.relkind, c.relacl, format('%I.%I', n.nspname, c.relname) AS shown
            FROM pg_class AS c
            JOIN pg_namespace AS n ON n.oid = c.relnamespace
            WHERE (n.nspname = {{source_schema_literal}} AND c.relname = ANY ('{cardgenius_schema_version,cardgenius_catalogues,
                    cardgenius_runs,cardgenius_instances,cardgenius_claims,cardgenius_schedule,cardgenius_control,cardgenius_audit,
                    cardgenius_fires,cardgenius_status,cardgenius_progress,cardgenius_stuck,cardgenius_recent_runs,
                    cardgenius_slow_chunks}'::name[]))
                OR (n.nspname = {{target_schema_literal}} AND c.relname = 'cardgenius_fence')
        ), with_sequences AS (
            SELECT o.relkind, o.relacl, o.shown FROM ours AS o
            UNION ALL
            SELECT s.relkind, s.relacl, format('%I.%I', n.nspname, s.relname)
            FROM ours AS o
            JOIN pg_depend AS d ON d.refclassid = 'pg_class'::regclass AND d.refobjid = o.oid AND d.classid = 'pg_class'::regclass
            JOIN pg_class AS s ON s.oid = d.objid AND s.relkind = 'S'
            JOIN pg_namespace AS n ON n.oid = s.relnamespace
        )
        SELECT format('REVOKE ALL ON %s %s FROM PUBLIC', CASE w.relkind WHEN 'S' THEN 'SEQUENCE' ELSE 'TABLE' END, w.shown)
        FROM with_sequences AS w
        WHERE EXISTS (SELECT FROM aclexplode(w.relacl) AS a WHERE a.grantee = 0)
        UNION ALL
        SELECT format('REVOKE ALL ON FUNCTION %I.%I() FROM PUBLIC', n.nspname, p.proname)
        FROM pg_proc AS p
        JOIN pg_namespace AS n ON n.oid = p.pronamespace
        WHERE n.nspname = {{source_schema_literal}} AND p.proname = 'cardgenius_control_changed' AND p.pronargs = 0
            AND EXISTS (SELECT FROM aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) AS a WHERE a.grantee = 0)
    LOOP
        EXECUTE statement;
    END LOOP;
END
$do$;
