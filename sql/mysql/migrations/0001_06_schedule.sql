-- Named schedules: when each last fired and will fire next.
CREATE TABLE IF NOT EXISTS {{schedule}} (
    name VARCHAR(255) NOT NULL COMMENT 'Name of the schedule in the configuration',
    source_table VARCHAR(130) NOT NULL COMMENT 'The table of users, as schema.table',
    last_fire DATETIME(6) COMMENT 'The last time that was due and dealt with, UTC',
    next_fire DATETIME(6) COMMENT 'The next time that will be due, UTC',
    updated_at DATETIME(6) NOT NULL DEFAULT (UTC_TIMESTAMP(6)) COMMENT 'When this row was last changed, UTC',
    decided_until DATETIME(6) COMMENT 'Every time of the schedule until then was dealt with: see the fires',
    PRIMARY KEY (source_table, name)
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin
COMMENT = 'CardGenius: named schedules, when each last fired and will fire next'
