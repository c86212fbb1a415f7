-- The catalogues that runs computed with, each text once.
CREATE TABLE IF NOT EXISTS {{catalogues}} (
    catalogue_hash CHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL
        COMMENT 'SHA-256 of the text, in lower-case hexadecimal',
    catalogue_text LONGTEXT NOT NULL COMMENT 'The catalogue file, to the letter',
    stored_at DATETIME(6) NOT NULL DEFAULT (UTC_TIMESTAMP(6)) COMMENT 'When it was first used, UTC',
    PRIMARY KEY (catalogue_hash),
    CONSTRAINT cardgenius_catalogues_hash CHECK (catalogue_hash REGEXP '^[0-9a-f]{64}$')
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin
COMMENT = 'CardGenius: the card catalogues that runs computed with, each text once'
