-- What became of each time at which a schedule was due.
CREATE TABLE IF NOT EXISTS {{fires}} (
    source_table text NOT NULL,
    name text NOT NULL,
    fire_at timestamptz NOT NULL,
    outcome text NOT NULL CHECK (outcome IN ('opened', 'covered', 'missed')),
    run_id uuid,
    decided_by uuid NOT NULL,
    decided_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (source_table, name, fire_at)
);
COMMENT ON TABLE {{fires}} IS 'CardGenius: what became of each time at which a schedule was due';
COMMENT ON COLUMN {{fires}}.source_table IS 'The table of users, as schema.table';
COMMENT ON COLUMN {{fires}}.name IS 'Name of the schedule in the configuration';
COMMENT ON COLUMN {{fires}}.fire_at IS 'The time at which it was due';
COMMENT ON COLUMN {{fires}}.outcome IS 'opened (a run, perhaps late), covered (by a run that was open already), or missed (nobody was there, until it was too late)';
COMMENT ON COLUMN {{fires}}.run_id IS 'The run that it opened or that covers it';
COMMENT ON COLUMN {{fires}}.decided_by IS 'Instance that dealt with it';
COMMENT ON COLUMN {{fires}}.decided_at IS 'When that was';
ALTER TABLE {{schedule}} ADD COLUMN IF NOT EXISTS decided_until timestamptz;
COMMENT ON COLUMN {{schedule}}.decided_until IS 'Every time of the schedule until then was dealt with: see the fires';
