-- Which version of CardGenius' own tables is here, and which programs may work with it.
CREATE TABLE IF NOT EXISTS {{versions}} (
    version INT NOT NULL COMMENT 'Version of the schema; the highest one is in force',
    oldest_program VARCHAR(64) NOT NULL COMMENT 'Oldest version of the program that this schema still serves',
    applied_by VARCHAR(512) NOT NULL COMMENT 'Program version that applied it, or who ran the printed SQL',
    applied_at DATETIME(6) NOT NULL DEFAULT (UTC_TIMESTAMP(6)) COMMENT 'When it was applied, UTC',
    PRIMARY KEY (version),
    CONSTRAINT cardgenius_versions_positive CHECK (version > 0)
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin
COMMENT = 'CardGenius: versions of its schema that were applied here'
