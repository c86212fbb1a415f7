-- What operators did, and what the program decided by itself.
CREATE TABLE IF NOT EXISTS {{audit}} (
    audit_id BIGINT NOT NULL AUTO_INCREMENT COMMENT 'Running number',
    happened_at DATETIME(6) NOT NULL DEFAULT (UTC_TIMESTAMP(6)) COMMENT 'When, UTC',
    actor VARCHAR(512) NOT NULL COMMENT 'Database account or instance',
    action VARCHAR(64) NOT NULL
        COMMENT 'What, in one word: migrate, open, close, sweep, pause, resume, cancel, requeue',
    run_id CHAR(36) CHARACTER SET ascii COLLATE ascii_bin COMMENT 'The run concerned, if any',
    detail TEXT COMMENT 'More, for people; never spending figures',
    PRIMARY KEY (audit_id),
    KEY cardgenius_audit_happened_at (happened_at)
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin
COMMENT = 'CardGenius: what operators did, and what the program decided by itself'
