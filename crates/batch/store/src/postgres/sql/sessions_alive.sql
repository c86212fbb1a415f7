-- How many sessions of that name are there; of one process only, if $2 is not 0. Any role may give its sessions that name: only those
-- count that are of our own role, or that we may end for another reason.
SELECT count(*)
FROM pg_stat_activity
WHERE application_name = $1 AND pid <> pg_backend_pid() AND ($2 = 0 OR pid = $2)
    AND usesysid IN (SELECT r.oid FROM pg_roles AS r WHERE pg_has_role(r.oid, 'USAGE')
        OR (NOT r.rolsuper AND pg_has_role('pg_signal_backend', 'USAGE')))
