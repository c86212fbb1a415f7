-- What bears a name of ours, or stands where ours shall stand, and is not ours or is in a stranger's hands: a row for each fault, with
-- what is wrong and what to do. Asked before anything is made by CREATE IF NOT EXISTS, which would take it over (docs/adr/0020).
WITH trusted AS (
    {{trusted_roles}}
), own_columns (table_name, type_name, columns) AS (VALUES
    ('cardgenius_schema_version', 'int4', '{version}'),
    ('cardgenius_schema_version', 'text', '{oldest_program,applied_by}'),
    ('cardgenius_schema_version', 'timestamptz', '{applied_at}'),
    ('cardgenius_catalogues', 'text', '{catalogue_hash,catalogue_text}'),
    ('cardgenius_catalogues', 'timestamptz', '{stored_at}'),
    ('cardgenius_runs', 'uuid', '{run_id,opened_by,closed_by}'),
    ('cardgenius_runs', 'text', '{source_table,kind,opened_for,catalogue_hash,engine_version,state,reason}'),
    ('cardgenius_runs', 'timestamptz', '{scheduled_for,opened_at,closed_at}'),
    ('cardgenius_runs', 'date', '{as_of}'),
    ('cardgenius_runs', 'int8', '{backlog,users_left}'),
    ('cardgenius_instances', 'uuid', '{instance_id}'),
    ('cardgenius_instances', 'text', '{host,program_version}'),
    ('cardgenius_instances', 'int4', '{process_id}'),
    ('cardgenius_instances', 'timestamptz', '{started_at,renewed_at,lease_until,held_since,stopped_at}'),
    ('cardgenius_claims', 'uuid', '{claim_id,run_id,owner}'),
    ('cardgenius_claims', 'text', '{state,first_user_id,last_user_id}'),
    ('cardgenius_claims', 'int4', '{users,parts,completed,failed,superseded,returned,left_locked}'),
    ('cardgenius_claims', 'int8', '{rows_loaded}'),
    ('cardgenius_claims', 'timestamptz', '{claimed_at,closed_at}'),
    ('cardgenius_schedule', 'text', '{name,source_table}'),
    ('cardgenius_schedule', 'timestamptz', '{last_fire,next_fire,updated_at}'),
    ('cardgenius_control', 'text', '{source_table,reason,changed_by}'),
    ('cardgenius_control', 'bool', '{paused}'),
    ('cardgenius_control', 'timestamptz', '{changed_at}'),
    ('cardgenius_audit', 'int8', '{audit_id}'),
    ('cardgenius_audit', 'timestamptz', '{happened_at}'),
    ('cardgenius_audit', 'text', '{actor,action,detail}'),
    ('cardgenius_audit', 'uuid', '{run_id}'),
    ('cardgenius_fence', 'uuid', '{claim_id}'),
    ('cardgenius_fence', 'int4', '{part}'),
    ('cardgenius_fence', 'bool', '{loaded}'),
    ('cardgenius_fence', 'timestamptz', '{written_at}'),
    ('cardgenius_fires', 'text', '{source_table,name,outcome}'),
    ('cardgenius_fires', 'timestamptz', '{fire_at,decided_at}'),
    ('cardgenius_fires', 'uuid', '{run_id,decided_by}')
), own AS (
    SELECT DISTINCT o.table_name, CASE WHEN o.table_name = 'cardgenius_fence' THEN {{target_schema_literal}} ELSE {{source_schema_literal}} END AS schema_name,
        'r' AS kind, 'table' AS word
    FROM own_columns AS o
    UNION ALL
    SELECT v.name, {{source_schema_literal}}, 'v', 'view'
    FROM unnest('{cardgenius_status,cardgenius_progress,cardgenius_stuck,cardgenius_recent_runs,cardgenius_slow_chunks}'::text[]) AS v (name)
), found AS (
    SELECT c.oid, c.relkind, c.relowner, own.table_name, own.kind, own.word, format('%I.%I', n.nspname, c.relname) AS shown
    FROM own
    JOIN pg_namespace AS n ON n.nspname = own.schema_name
    JOIN pg_class AS c ON c.relnamespace = n.oid AND c.relname = own.table_name
), owned AS (
    SELECT f.shown, f.word AS word, f.relowner AS owner FROM found AS f WHERE f.relkind = f.kind
    UNION ALL
    SELECT format('%I.%I()', n.nspname, p.proname), 'function', p.proowner
    FROM pg_proc AS p
    JOIN pg_namespace AS n ON n.oid = p.pronamespace
    WHERE n.nspname = {{source_schema_literal}} AND p.proname = 'cardgenius_control_changed' AND p.pronargs = 0
    UNION ALL
    SELECT format('%I.%I', n.nspname, c.relname), 'table', c.relowner
    FROM pg_class AS c
    JOIN pg_namespace AS n ON n.oid = c.relnamespace
    WHERE {{output_is_here}} AND n.nspname = {{target_schema_literal}} AND c.relname = {{output_table_literal}}
        AND c.relkind IN ('r', 'p')
), indexes (index_name, schema_name, table_name) AS (
    VALUES
        ('cardgenius_runs_one_open', {{source_schema_literal}}, 'cardgenius_runs'),
        ('cardgenius_runs_opened_at', {{source_schema_literal}}, 'cardgenius_runs'),
        ('cardgenius_claims_of_run', {{source_schema_literal}}, 'cardgenius_claims'),
        ('cardgenius_claims_open', {{source_schema_literal}}, 'cardgenius_claims'),
        ('cardgenius_claims_closed_at', {{source_schema_literal}}, 'cardgenius_claims'),
        ('cardgenius_audit_happened_at', {{source_schema_literal}}, 'cardgenius_audit'),
        ({{unsettled_literal}}, {{source_schema_literal}}, {{input_table_literal}}),
        ('cardgenius_fence_written_at', {{target_schema_literal}}, 'cardgenius_fence')
)
SELECT format('%s %s belongs to role %I, which is a stranger here: what it adds to it runs with our rights. Drop it, or ALTER %s %s OWNER TO a role of yours, and look at its triggers first',
    o.word, o.shown, pg_get_userbyid(o.owner), upper(o.word), o.shown)
FROM owned AS o
WHERE NOT EXISTS (SELECT FROM trusted AS t WHERE pg_has_role(o.owner, t.oid, 'MEMBER'))
UNION ALL
SELECT format('%s bears the name of a %s of ours and is something else: rename it or drop it', f.shown, f.word)
FROM found AS f
WHERE f.relkind <> f.kind
UNION ALL
-- A table brings a type of its name along.
SELECT format('type %I.%I stands in the way of our table or view of this name: rename it or drop it', n.nspname, t.typname)
FROM (
    SELECT own.schema_name, own.table_name FROM own
    UNION ALL
    SELECT {{target_schema_literal}}, {{output_table_literal}} WHERE {{output_is_here}}
) AS wanted
JOIN pg_namespace AS n ON n.nspname = wanted.schema_name
JOIN pg_type AS t ON t.typnamespace = n.oid AND t.typname = wanted.table_name AND t.typrelid = 0
UNION ALL
-- At work the inspection says it in its own words.
SELECT format('%I.%I is %s, and the recommendations go into a table: name a table (target.schema, target.table), or rename this or drop it',
    n.nspname, c.relname,
    CASE c.relkind WHEN 'v' THEN 'a view' WHEN 'm' THEN 'a materialised view' WHEN 'f' THEN 'a foreign table' ELSE 'no table' END)
FROM pg_class AS c
JOIN pg_namespace AS n ON n.oid = c.relnamespace
WHERE {{output_is_here}} AND NOT {{at_work}} AND n.nspname = {{target_schema_literal}} AND c.relname = {{output_table_literal}}
    AND c.relkind NOT IN ('r', 'p')
UNION ALL
SELECT format('table %s has no column %I of type %s, and so is not ours: rename it or drop it', f.shown, wanted.name, o.type_name)
FROM found AS f
JOIN own_columns AS o ON o.table_name = f.table_name
CROSS JOIN LATERAL unnest(o.columns::text[]) AS wanted (name)
WHERE f.relkind = f.kind AND NOT EXISTS (
    SELECT FROM pg_attribute AS a
    JOIN pg_type AS t ON t.oid = a.atttypid
    WHERE a.attrelid = f.oid AND a.attname = wanted.name AND t.typname = o.type_name AND NOT a.attisdropped)
UNION ALL
SELECT format('table %s has the trigger %I, whose function belongs to role %I, which is a stranger here: DROP TRIGGER %I ON %s;',
    f.shown, g.tgname, pg_get_userbyid(p.proowner), g.tgname, f.shown)
FROM found AS f
JOIN pg_trigger AS g ON g.tgrelid = f.oid AND NOT g.tgisinternal
JOIN pg_proc AS p ON p.oid = g.tgfoid
WHERE NOT EXISTS (SELECT FROM trusted AS t WHERE pg_has_role(p.proowner, t.oid, 'MEMBER'))
UNION ALL
SELECT format('table %s has the rule %I, which is not ours: DROP RULE %I ON %s;', f.shown, r.rulename, r.rulename, f.shown)
FROM found AS f
JOIN pg_rewrite AS r ON r.ev_class = f.oid
WHERE f.relkind = 'r'
UNION ALL
SELECT format('%I.%I bears the name of an index of ours on %I and is something else: rename it or drop it', x.schema_name, x.index_name, x.table_name)
FROM indexes AS x
JOIN pg_namespace AS n ON n.nspname = x.schema_name
JOIN pg_class AS c ON c.relnamespace = n.oid AND c.relname = x.index_name
WHERE NOT EXISTS (
    SELECT FROM pg_index AS i
    JOIN pg_class AS d ON d.oid = i.indrelid
    WHERE i.indexrelid = c.oid AND d.relname = x.table_name AND d.relnamespace = n.oid)
UNION ALL
SELECT format('%I.%I has a column %I of its own, in which we would write: rename it; a column of ours bears a comment that begins with "CardGenius:"',
    n.nspname, c.relname, a.attname)
FROM pg_class AS c
JOIN pg_namespace AS n ON n.oid = c.relnamespace
JOIN pg_attribute AS a ON a.attrelid = c.oid AND NOT a.attisdropped
WHERE n.nspname = {{source_schema_literal}} AND c.relname = {{input_table_literal}}
    AND a.attname IN ('claim_id', 'attempts', 'crashes', 'processed_at')
    AND coalesce(col_description(c.oid, a.attnum), '') NOT LIKE 'CardGenius:%'
    -- A dump may have left the comments behind, but not our index.
    AND NOT EXISTS (
        SELECT FROM pg_index AS i
        JOIN pg_class AS d ON d.oid = i.indexrelid
        WHERE i.indrelid = c.oid AND d.relname = {{unsettled_literal}}
            AND EXISTS (SELECT FROM found AS f WHERE f.table_name = 'cardgenius_schema_version'))
