-- What became of each time at which a schedule was due.
CREATE TABLE IF NOT EXISTS {{fires}} (
    source_table VARCHAR(130) NOT NULL COMMENT 'The table of users, as schema.table',
    name VARCHAR(255) NOT NULL COMMENT 'Name of the schedule in the configuration',
    fire_at DATETIME(6) NOT NULL COMMENT 'The time at which it was due, UTC',
    outcome VARCHAR(16) NOT NULL
        COMMENT 'opened (a run, perhaps late), covered (by a run that was open already), or missed (nobody was there, until it was too late)',
    run_id CHAR(36) CHARACTER SET ascii COLLATE ascii_bin COMMENT 'The run that it opened or that covers it',
    decided_by CHAR(36) CHARACTER SET ascii COLLATE ascii_bin NOT NULL COMMENT 'Instance that dealt with it',
    decided_at DATETIME(6) NOT NULL DEFAULT (UTC_TIMESTAMP(6)) COMMENT 'When that was, UTC',
    PRIMARY KEY (source_table, name, fire_at),
    KEY cardgenius_fires_decided_at (decided_at),
    CONSTRAINT cardgenius_fires_outcome CHECK (outcome IN ('opened', 'covered', 'missed'))
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin
COMMENT = 'CardGenius: what became of each time at which a schedule was due'
