-- Instances of the program, and their leases.
CREATE TABLE IF NOT EXISTS {{instances}} (
    instance_id CHAR(36) CHARACTER SET ascii COLLATE ascii_bin NOT NULL
        COMMENT 'Id, made anew at every start; part of the names of the locks that its sessions hold',
    host VARCHAR(255) NOT NULL COMMENT 'Host name, for people',
    process_id INT NOT NULL COMMENT 'Process id on that host, for people',
    program_version VARCHAR(64) NOT NULL COMMENT 'Version of the program',
    started_at DATETIME(6) NOT NULL DEFAULT (UTC_TIMESTAMP(6)) COMMENT 'When it started, UTC',
    renewed_at DATETIME(6) NOT NULL DEFAULT (UTC_TIMESTAMP(6)) COMMENT 'When it last renewed its lease, UTC',
    lease_until DATETIME(6) NOT NULL COMMENT 'Until when nobody may take its claims, UTC',
    held_since DATETIME(6) NOT NULL DEFAULT (UTC_TIMESTAMP(6))
        COMMENT 'Since when the lease has been renewed without a gap, UTC',
    stopped_at DATETIME(6) COMMENT 'When it ended by itself, UTC; empty while it runs, and for one that died',
    throttle_share DOUBLE
        COMMENT 'Share of its full speed that its throttle lets it use, 0 (claims nobody) to 1; empty: all of it',
    throttle_reason TEXT COMMENT 'Why not all of it; empty: nothing holds it back',
    throttle_since DATETIME(6) COMMENT 'Since when it has not been at full speed, UTC; empty: it is',
    PRIMARY KEY (instance_id),
    CONSTRAINT cardgenius_instances_throttle CHECK (throttle_share BETWEEN 0 AND 1)
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin
COMMENT = 'CardGenius: instances of the program and their leases; one row per start'
