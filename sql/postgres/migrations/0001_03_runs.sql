-- Runs over a table of users; at most one is open per table.
CREATE TABLE IF NOT EXISTS {{runs}} (
    run_id uuid PRIMARY KEY,
    source_table text NOT NULL,
    kind text NOT NULL CHECK (kind IN ('backfill', 'weekly', 'manual')),
    opened_for text NOT NULL,
    scheduled_for timestamptz,
    as_of date NOT NULL,
    catalogue_hash text NOT NULL REFERENCES {{catalogues}},
    engine_version text NOT NULL,
    state text NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'done', 'failed', 'cancelled', 'abandoned')),
    opened_by uuid NOT NULL,
    opened_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    backlog bigint NOT NULL CHECK (backlog >= 0),
    closed_by uuid,
    closed_at timestamptz,
    users_left bigint CHECK (users_left >= 0),
    reason text,
    CHECK ((state = 'open') = (closed_at IS NULL))
);
CREATE UNIQUE INDEX IF NOT EXISTS cardgenius_runs_one_open ON {{runs}} (source_table) WHERE state = 'open';
CREATE INDEX IF NOT EXISTS cardgenius_runs_opened_at ON {{runs}} (opened_at);
COMMENT ON TABLE {{runs}} IS 'CardGenius: runs over a table of users; at most one is open per table';
COMMENT ON COLUMN {{runs}}.run_id IS 'Id, made by the instance that opened the run';
COMMENT ON COLUMN {{runs}}.source_table IS 'The table of users, as schema.table';
COMMENT ON COLUMN {{runs}}.kind IS 'backfill, weekly or manual';
COMMENT ON COLUMN {{runs}}.opened_for IS 'Who or what asked for the run: an operator, or a named schedule';
COMMENT ON COLUMN {{runs}}.scheduled_for IS 'The time at which a schedule wanted it; empty for an operator''s run';
COMMENT ON COLUMN {{runs}}.as_of IS 'The date at which promotions are judged';
COMMENT ON COLUMN {{runs}}.catalogue_hash IS 'The catalogue that every instance computes with in this run';
COMMENT ON COLUMN {{runs}}.engine_version IS 'Program version of the instance that opened the run';
COMMENT ON COLUMN {{runs}}.state IS 'open, done, failed, cancelled, or abandoned (nobody worked at it for too long)';
COMMENT ON COLUMN {{runs}}.opened_by IS 'Instance that opened the run';
COMMENT ON COLUMN {{runs}}.opened_at IS 'When it was opened';
COMMENT ON COLUMN {{runs}}.backlog IS 'Users new or pending when it was opened';
COMMENT ON COLUMN {{runs}}.closed_by IS 'Instance that closed the run';
COMMENT ON COLUMN {{runs}}.closed_at IS 'When it was closed';
COMMENT ON COLUMN {{runs}}.users_left IS 'Users new or pending when it was closed: set anew since, or locked by somebody else';
COMMENT ON COLUMN {{runs}}.reason IS 'Why it was closed, where that is not plain';
