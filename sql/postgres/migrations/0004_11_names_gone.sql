-- A table of users may be renamed, its schema may be renamed, or a copy of it restored under another name. Our own tables still have
-- the old name then. Gone is each name under which no table is here: our tables lie beside the table of users, so the name of
-- another schema is always gone. What belongs to a gone name is carried over where this table has no run yet and one name is gone.
DO $do$
DECLARE
    here constant text := {{source_table_literal}};
    prefix constant text := {{source_schema_literal}} || '.';
    gone text[];
    unused boolean;
BEGIN
    SELECT array_agg(n.source_table) INTO gone
    FROM (SELECT r.source_table FROM {{runs}} AS r UNION SELECT o.source_table FROM {{control}} AS o
        UNION SELECT s.source_table FROM {{schedule}} AS s) AS n
    WHERE n.source_table <> here
        AND NOT EXISTS (
            SELECT FROM pg_catalog.pg_class AS t
            WHERE t.relnamespace = (SELECT s.oid FROM pg_catalog.pg_namespace AS s WHERE s.nspname = {{source_schema_literal}})
                AND t.relkind IN ('r', 'p') AND prefix || t.relname = n.source_table);
    IF gone IS NULL THEN
        RETURN;
    END IF;
    unused := NOT EXISTS (SELECT FROM {{runs}} AS r WHERE r.source_table = here);
    -- The users go back to new, as users of no open claim do. In this schema an owner whose lease holds may still be at work on a
    -- table that was renamed a moment ago.
    UPDATE {{claims}} AS c
    SET returned = c.users - c.completed - c.failed - c.superseded - c.left_locked, state = 'swept', closed_at = clock_timestamp()
    FROM {{runs}} AS r
    WHERE r.run_id = c.run_id AND c.state = 'open' AND r.source_table = ANY (gone)
        AND (left(r.source_table, length(prefix)) <> prefix
            OR NOT EXISTS (SELECT FROM {{instances}} AS i WHERE i.instance_id = c.owner AND i.lease_until >= clock_timestamp()));
    UPDATE {{runs}} AS r
    SET state = 'abandoned', closed_by = r.opened_by, closed_at = clock_timestamp(),
        reason = 'its table ' || r.source_table || ' is not here any more'
    WHERE r.state = 'open' AND r.source_table = ANY (gone)
        AND NOT EXISTS (SELECT FROM {{claims}} AS c WHERE c.run_id = r.run_id AND c.state = 'open');
    IF NOT unused THEN
        RETURN;
    END IF;
    -- The switch that the migration has made for the new name makes room for the old one, which may be paused.
    DELETE FROM {{control}} AS o
    WHERE o.source_table = here AND NOT o.paused
        AND EXISTS (SELECT FROM {{control}} AS x WHERE x.source_table = ANY (gone));
    -- The time is set by this statement, so that the trigger leaves alone who turned the switch.
    UPDATE {{control}} AS o
    SET source_table = here, changed_at = o.changed_at + interval '1 microsecond'
    WHERE o.source_table = (SELECT x.source_table FROM {{control}} AS x WHERE x.source_table = ANY (gone)
            ORDER BY x.paused DESC, x.changed_at DESC LIMIT 1)
        AND NOT EXISTS (SELECT FROM {{control}} AS x WHERE x.source_table = here);
    -- Instances that worked under the name of another schema. In a copy that was restored beside the original they may be alive and at
    -- work there, under the same ids: nothing here may take them for dead and end their sessions.
    IF EXISTS (SELECT FROM unnest(gone) AS name (text) WHERE left(name.text, length(prefix)) <> prefix) THEN
        DELETE FROM {{instances}};
    END IF;
    IF cardinality(gone) = 1 THEN
        UPDATE {{schedule}} AS s SET source_table = here
        WHERE s.source_table = gone[1]
            AND NOT EXISTS (SELECT FROM {{schedule}} AS x WHERE x.source_table = here AND x.name = s.name);
        UPDATE {{fires}} AS f SET source_table = here
        WHERE f.source_table = gone[1]
            AND NOT EXISTS (
                SELECT FROM {{fires}} AS x WHERE x.source_table = here AND x.name = f.name AND x.fire_at = f.fire_at);
        UPDATE {{runs}} AS r SET source_table = here WHERE r.source_table = gone[1] AND r.state <> 'open';
    END IF;
END
$do$;
