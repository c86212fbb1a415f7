-- In a second target database only: which parts of which claims were loaded here, or must never be.
CREATE TABLE IF NOT EXISTS {{fence}} (
    claim_id CHAR(36) CHARACTER SET ascii COLLATE ascii_bin NOT NULL
        COMMENT 'The claim, whose row is in the source database',
    part INT NOT NULL COMMENT 'Which of its transactions, from 1',
    loaded BOOLEAN NOT NULL
        COMMENT 'True: its rows were loaded. False: the claim was taken away before, and a late load is refused',
    written_at DATETIME(6) NOT NULL DEFAULT (UTC_TIMESTAMP(6)) COMMENT 'When, UTC',
    PRIMARY KEY (claim_id, part),
    KEY cardgenius_fence_written_at (written_at)
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin
COMMENT = 'CardGenius: which parts of which claims were loaded here, or must never be'
