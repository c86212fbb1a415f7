-- The roles that CardGenius needs, with the least rights with which it works. For psql, as a superuser, or as a role that
-- may create roles, owns the customer's tables and is a member of whoever owns ours:
--   psql -d DATABASE -f roles.sql
--   psql -d DATABASE -v schema=shop -v table=users -v target_schema=shop -v target_table=cards -f roles.sql
-- Run it before the migration, which makes the roles, and again after each migration, which grants what is new; with the
-- recommendations in a second database, there too. It may be run at any time: it takes back from these three roles whatever
-- they have on these tables and grants what follows, in one transaction.
--
-- Nobody can sign in as any of them until told so:
--   ALTER ROLE cardgenius_daemon LOGIN PASSWORD '...';    or    CREATE ROLE app LOGIN IN ROLE cardgenius_daemon;
-- All instances must sign in as one and the same role: they end the sessions of the dead among them, which a server allows
-- for one's own role only. Where each start has a role of its own (credentials that a vault makes up), allow it:
--   GRANT pg_signal_backend TO cardgenius_daemon;         -- sessions of every role that is no superuser
--   GRANT role_of_the_last_start TO role_of_this_start;   -- or only those
--
-- The migration alters the customer's table, which only the table's owner may:
--   GRANT owner_of_the_table TO cardgenius_migrator;
-- is enough. Who does not want that lets the owner run what `cardgenius migrate --print` prints; then the owner owns our
-- tables, and cardgenius_migrator is not needed.
\set ON_ERROR_STOP on
\if :{?schema}
\else
    \set schema public
\endif
\if :{?table}
\else
    \set table user_spending_data
\endif
\if :{?target_schema}
\else
    \set target_schema public
\endif
\if :{?target_table}
\else
    \set target_table card_recommendations
\endif
-- The optional columns of the input, as in source.columns; empty where there is none.
\if :{?monthly_income}
\else
    \set monthly_income ''
\endif
\if :{?credit_score}
\else
    \set credit_score ''
\endif

BEGIN;
-- Names are found in the server's own schema only: what another role made elsewhere is not called in its place.
SET LOCAL search_path = pg_catalog, pg_temp;

-- The three roles, where they are not there yet.
SELECT format('CREATE ROLE %I NOLOGIN', wanted.name)
FROM (VALUES ('cardgenius_daemon'), ('cardgenius_migrator'), ('cardgenius_reader')) AS wanted (name)
WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_roles AS r WHERE r.rolname = wanted.name)
\gexec
COMMENT ON ROLE cardgenius_daemon IS 'CardGenius: runs; reads the input, writes its status columns, the output and its own tables';
COMMENT ON ROLE cardgenius_migrator IS 'CardGenius: migrates; owns its tables';
COMMENT ON ROLE cardgenius_reader IS 'CardGenius: people; reads neither the spending nor the figures that it follows from';

-- What is granted on which table: privileges with %s for a list of columns, if any. What a row of it says of the daemon is
-- what `cardgenius check` asks for, neither more nor less.
CREATE TEMPORARY TABLE cardgenius_rights (schema_name text, table_name text, role_name text, rights text) ON COMMIT DROP;

INSERT INTO cardgenius_rights
SELECT :'schema', :'table', 'cardgenius_daemon', format(
    'SELECT (user_id, avg_amazon_gmv, avg_flipkart_gmv, avg_myntra_gmv, avg_ajio_gmv, avg_grocery_gmv, avg_confirmed_gmv,
        processing_status, processing_error, ctid, tableoid%s)',
    (SELECT coalesce(string_agg(format(', %I', name), ''), '')
     FROM unnest(ARRAY[:'monthly_income', :'credit_score']) AS name WHERE name <> ''))
UNION ALL VALUES
    (:'schema', :'table', 'cardgenius_daemon', 'UPDATE (processing_status, processing_error)'),
    (:'schema', :'table', 'cardgenius_reader', 'SELECT (user_id, processing_status, processing_error)'),
    (:'target_schema', :'target_table', 'cardgenius_daemon', 'SELECT (user_id)'),
    (:'target_schema', :'target_table', 'cardgenius_daemon', 'INSERT (user_id, rank, card_name, total_savings_yearly,
        joining_fees, total_extra_benefits, net_savings, amazon_points, flipkart_points, myntra_points, ajio_points,
        grocery_points, other_online_points, redemption_method, redemption_rate)'),
    (:'target_schema', :'target_table', 'cardgenius_daemon', 'DELETE'),
    -- The points and the rupees of ten cards, with the catalogue's rates, are equations from which the spending follows.
    (:'target_schema', :'target_table', 'cardgenius_reader', 'SELECT (user_id, rank, card_name, joining_fees, redemption_method,
        redemption_rate)'),
    (:'schema', 'cardgenius_schema_version', 'cardgenius_daemon', 'SELECT'),
    (:'schema', 'cardgenius_catalogues', 'cardgenius_daemon', 'SELECT, INSERT, DELETE'),
    (:'schema', 'cardgenius_runs', 'cardgenius_daemon', 'SELECT, INSERT, UPDATE, DELETE'),
    (:'schema', 'cardgenius_instances', 'cardgenius_daemon', 'SELECT, INSERT, UPDATE, DELETE'),
    (:'schema', 'cardgenius_claims', 'cardgenius_daemon', 'SELECT, INSERT, UPDATE, DELETE'),
    (:'schema', 'cardgenius_schedule', 'cardgenius_daemon', 'SELECT, INSERT, UPDATE'),
    (:'schema', 'cardgenius_fires', 'cardgenius_daemon', 'SELECT, INSERT, UPDATE, DELETE'),
    (:'schema', 'cardgenius_control', 'cardgenius_daemon', 'SELECT, INSERT, UPDATE'),
    (:'schema', 'cardgenius_audit', 'cardgenius_daemon', 'SELECT, INSERT, DELETE'),
    (:'target_schema', 'cardgenius_fence', 'cardgenius_daemon', 'SELECT, INSERT, UPDATE, DELETE');

-- People read all tables and views of ours; the views run with their owner's rights, and show no user's spending.
INSERT INTO cardgenius_rights
SELECT :'schema', name, 'cardgenius_reader', 'SELECT'
FROM unnest(ARRAY[
    'cardgenius_schema_version', 'cardgenius_catalogues', 'cardgenius_runs', 'cardgenius_instances', 'cardgenius_claims',
    'cardgenius_schedule', 'cardgenius_fires', 'cardgenius_control', 'cardgenius_audit',
    'cardgenius_status', 'cardgenius_progress', 'cardgenius_stuck', 'cardgenius_recent_runs', 'cardgenius_slow_chunks'
]) AS name
UNION ALL VALUES (:'target_schema', 'cardgenius_fence', 'cardgenius_reader', 'SELECT');

-- Our columns of the input, which the migration adds.
INSERT INTO cardgenius_rights
SELECT :'schema', :'table', given.role_name, format('%s (%s)', given.rights, string_agg(a.attname, ', ' ORDER BY a.attnum))
FROM pg_catalog.pg_attribute AS a
CROSS JOIN (VALUES
    ('cardgenius_daemon', 'SELECT'), ('cardgenius_daemon', 'UPDATE'), ('cardgenius_reader', 'SELECT')
) AS given (role_name, rights)
WHERE a.attrelid = to_regclass(format('%I.%I', :'schema', :'table')) AND NOT a.attisdropped
    AND a.attname IN ('claim_id', 'attempts', 'crashes', 'processed_at')
GROUP BY given.role_name, given.rights;

-- What they have until now.
SELECT DISTINCT format('REVOKE ALL ON %I.%I FROM cardgenius_daemon, cardgenius_reader', schema_name, table_name)
FROM cardgenius_rights
WHERE to_regclass(format('%I.%I', schema_name, table_name)) IS NOT NULL
\gexec

-- The database and the schemas.
GRANT CONNECT ON DATABASE :"DBNAME" TO cardgenius_daemon, cardgenius_migrator, cardgenius_reader;
SELECT format('GRANT USAGE ON SCHEMA %1$I TO cardgenius_daemon, cardgenius_reader; GRANT USAGE, CREATE ON SCHEMA %1$I TO cardgenius_migrator', n.nspname)
FROM pg_catalog.pg_namespace AS n
WHERE n.nspname IN (:'schema', :'target_schema')
\gexec

-- The tables that are there.
SELECT format('GRANT %s ON %I.%I TO %I', rights, schema_name, table_name, role_name)
FROM cardgenius_rights
WHERE to_regclass(format('%I.%I', schema_name, table_name)) IS NOT NULL
\gexec

-- Sequences behind columns of the output that are the customer's own, and so are filled by their defaults.
SELECT DISTINCT format('GRANT USAGE ON SEQUENCE %s TO cardgenius_daemon', s.oid::regclass)
FROM pg_catalog.pg_attrdef AS d
JOIN pg_catalog.pg_depend AS p ON p.classid = 'pg_catalog.pg_attrdef'::regclass AND p.objid = d.oid
    AND p.refclassid = 'pg_catalog.pg_class'::regclass
JOIN pg_catalog.pg_class AS s ON s.oid = p.refobjid AND s.relkind = 'S'
WHERE d.adrelid = to_regclass(format('%I.%I', :'target_schema', :'target_table'))
\gexec

-- What was not there to be granted: none of it, after the migration, but the fence where there is one database, and each
-- database's part where there are two.
SELECT DISTINCT format('not there: %I.%I', schema_name, table_name) AS "granted when this is run again"
FROM cardgenius_rights
WHERE to_regclass(format('%I.%I', schema_name, table_name)) IS NULL;

COMMIT;
