-- A client frozen in the middle of a COPY heeds neither cancel nor timeouts, and holds its locks for ever. All sessions of that name; of
-- one process only, if $2 is not 0; and none that a stranger has given that name: see sessions_alive. The CASE keeps the server from
-- ending a session before it has looked whose it is.
SELECT count(*) FILTER (WHERE CASE WHEN application_name = $1 AND pid <> pg_backend_pid() AND ($2 = 0 OR pid = $2)
    AND usesysid IN (SELECT r.oid FROM pg_roles AS r WHERE pg_has_role(r.oid, 'USAGE')
        OR (NOT r.rolsuper AND pg_has_role('pg_signal_backend', 'USAGE')))
    THEN pg_terminate_backend(pid) END)
FROM pg_stat_activity
WHERE application_name = $1
