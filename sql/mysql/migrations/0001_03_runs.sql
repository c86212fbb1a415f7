-- Runs over a table of users; at most one is open per table: there is no partial index here, so a column that is empty unless
-- the run is open stands under the unique key, where several may be empty.
CREATE TABLE IF NOT EXISTS {{runs}} (
    run_id CHAR(36) CHARACTER SET ascii COLLATE ascii_bin NOT NULL COMMENT 'Id, made by the instance that opened the run',
    source_table VARCHAR(130) NOT NULL COMMENT 'The table of users, as schema.table',
    kind VARCHAR(16) NOT NULL
        COMMENT 'backfill, weekly, manual, or scheduled (by a schedule of another name than weekly)',
    opened_for TEXT NOT NULL COMMENT 'Who or what asked for the run: an operator, or a named schedule',
    scheduled_for DATETIME(6)
        COMMENT 'The time at which a schedule wanted it, UTC; empty for an operator''s run',
    as_of DATE NOT NULL COMMENT 'The date at which promotions are judged',
    catalogue_hash CHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL
        COMMENT 'The catalogue that every instance computes with in this run',
    engine_version VARCHAR(64) NOT NULL COMMENT 'Program version of the instance that opened the run',
    state VARCHAR(16) NOT NULL DEFAULT 'open'
        COMMENT 'open, done, failed, cancelled, or abandoned (nobody worked at it for too long)',
    opened_by CHAR(36) CHARACTER SET ascii COLLATE ascii_bin NOT NULL COMMENT 'Instance that opened the run',
    opened_at DATETIME(6) NOT NULL DEFAULT (UTC_TIMESTAMP(6)) COMMENT 'When it was opened, UTC',
    backlog BIGINT NOT NULL COMMENT 'Users new or pending when it was opened',
    closed_by CHAR(36) CHARACTER SET ascii COLLATE ascii_bin COMMENT 'Instance that closed the run',
    closed_at DATETIME(6) COMMENT 'When it was closed, UTC',
    users_left BIGINT
        COMMENT 'Users new or pending when it was closed: set anew since, or locked by somebody else',
    reason TEXT COMMENT 'Why it was closed, where that is not plain',
    max_users BIGINT COMMENT 'Users that the run may settle at most; empty: all that are new',
    open_source VARCHAR(130) GENERATED ALWAYS AS (CASE WHEN state = 'open' THEN source_table END) STORED
        COMMENT 'The table of users while the run is open: the unique key over it lets only one be open',
    PRIMARY KEY (run_id),
    UNIQUE KEY cardgenius_runs_one_open (open_source),
    KEY cardgenius_runs_opened_at (opened_at),
    KEY cardgenius_runs_of_catalogue (catalogue_hash),
    CONSTRAINT cardgenius_runs_kind CHECK (kind IN ('backfill', 'weekly', 'manual', 'scheduled')),
    CONSTRAINT cardgenius_runs_state CHECK (state IN ('open', 'done', 'failed', 'cancelled', 'abandoned')),
    CONSTRAINT cardgenius_runs_backlog CHECK (backlog >= 0),
    CONSTRAINT cardgenius_runs_users_left CHECK (users_left >= 0),
    CONSTRAINT cardgenius_runs_max_users CHECK (max_users > 0),
    CONSTRAINT cardgenius_runs_closed CHECK ((state = 'open') = (closed_at IS NULL)),
    CONSTRAINT cardgenius_runs_catalogue FOREIGN KEY (catalogue_hash) REFERENCES {{catalogues}} (catalogue_hash)
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin
COMMENT = 'CardGenius: runs over a table of users; at most one is open per table'
