-- The switch that pauses every instance.
CREATE TABLE IF NOT EXISTS {{control}} (
    source_table VARCHAR(130) NOT NULL COMMENT 'The table of users, as schema.table',
    paused BOOLEAN NOT NULL DEFAULT FALSE COMMENT 'True: nobody claims; what is in flight is finished',
    reason TEXT COMMENT 'Why, for the others',
    changed_by VARCHAR(512) NOT NULL DEFAULT '' COMMENT 'Who changed it last; filled in where nobody is named',
    changed_at DATETIME(6) NOT NULL DEFAULT (UTC_TIMESTAMP(6)) COMMENT 'When it was changed last, UTC',
    PRIMARY KEY (source_table)
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin
COMMENT = 'CardGenius: the switch that pauses every instance; may be changed by plain SQL'
