-- Runs that a further schedule opens, and runs of a limited number of users.
ALTER TABLE {{runs}} ADD COLUMN IF NOT EXISTS max_users bigint CHECK (max_users > 0);
ALTER TABLE {{runs}} DROP CONSTRAINT IF EXISTS cardgenius_runs_kind_check;
ALTER TABLE {{runs}} ADD CONSTRAINT cardgenius_runs_kind_check CHECK (kind IN ('backfill', 'weekly', 'manual', 'scheduled'));
COMMENT ON COLUMN {{runs}}.kind IS 'backfill, weekly, manual, or scheduled (by a schedule of another name than weekly)';
COMMENT ON COLUMN {{runs}}.max_users IS 'Users that the run may settle at most; empty: all that are new';
