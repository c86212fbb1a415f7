-- Instances of the program, and their leases.
CREATE TABLE IF NOT EXISTS {{instances}} (
    instance_id uuid PRIMARY KEY,
    host text NOT NULL,
    process_id integer NOT NULL,
    program_version text NOT NULL,
    started_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    renewed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    lease_until timestamptz NOT NULL,
    held_since timestamptz NOT NULL DEFAULT clock_timestamp(),
    stopped_at timestamptz
);
COMMENT ON TABLE {{instances}} IS 'CardGenius: instances of the program and their leases; one row per start';
COMMENT ON COLUMN {{instances}}.instance_id IS 'Id, made anew at every start; part of the application_name of its sessions';
COMMENT ON COLUMN {{instances}}.host IS 'Host name, for people';
COMMENT ON COLUMN {{instances}}.process_id IS 'Process id on that host, for people';
COMMENT ON COLUMN {{instances}}.program_version IS 'Version of the program';
COMMENT ON COLUMN {{instances}}.started_at IS 'When it started';
COMMENT ON COLUMN {{instances}}.renewed_at IS 'When it last renewed its lease';
COMMENT ON COLUMN {{instances}}.lease_until IS 'Until when nobody may take its claims';
COMMENT ON COLUMN {{instances}}.held_since IS 'Since when the lease has been renewed without a gap';
COMMENT ON COLUMN {{instances}}.stopped_at IS 'When it ended by itself; empty while it runs, and for one that died';
