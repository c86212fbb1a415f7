-- Instances whose lease has run out and that still have sessions here, with a claim or without one: a client frozen in the
-- middle of a claim or of closing a run holds users or the run locked. A session that a stranger has given such a name is none of
-- theirs: see sessions_alive.
SELECT DISTINCT i.instance_id
FROM {{instances}} AS i
JOIN pg_stat_activity AS a ON a.application_name = $1 || i.instance_id AND a.datname = current_database()
JOIN pg_roles AS r ON r.oid = a.usesysid
    AND (pg_has_role(r.oid, 'USAGE') OR (NOT r.rolsuper AND pg_has_role('pg_signal_backend', 'USAGE')))
WHERE i.lease_until < clock_timestamp()
