-- Named schedules: when each last fired and will fire next.
CREATE TABLE IF NOT EXISTS {{schedule}} (
    name text NOT NULL,
    source_table text NOT NULL,
    last_fire timestamptz,
    next_fire timestamptz,
    updated_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (source_table, name)
);
COMMENT ON TABLE {{schedule}} IS 'CardGenius: named schedules, when each last fired and will fire next';
COMMENT ON COLUMN {{schedule}}.name IS 'Name of the schedule in the configuration';
COMMENT ON COLUMN {{schedule}}.source_table IS 'The table of users, as schema.table';
COMMENT ON COLUMN {{schedule}}.last_fire IS 'The last time that was due and dealt with';
COMMENT ON COLUMN {{schedule}}.next_fire IS 'The next time that will be due';
COMMENT ON COLUMN {{schedule}}.updated_at IS 'When this row was last changed';
