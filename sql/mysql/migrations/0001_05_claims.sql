-- Claims: chunks of users, held by an instance, and what became of them.
CREATE TABLE IF NOT EXISTS {{claims}} (
    claim_id CHAR(36) CHARACTER SET ascii COLLATE ascii_bin NOT NULL
        COMMENT 'Id, made by the instance; the users that it settled keep it',
    run_id CHAR(36) CHARACTER SET ascii COLLATE ascii_bin NOT NULL COMMENT 'The run that the claim counts for',
    owner CHAR(36) CHARACTER SET ascii COLLATE ascii_bin NOT NULL
        COMMENT 'Instance that holds the users while the claim is open',
    state VARCHAR(16) NOT NULL DEFAULT 'open' COMMENT 'open, finished, returned (given back), or swept (its owner died)',
    users INT NOT NULL COMMENT 'Users claimed',
    first_user_id VARCHAR(255) NOT NULL COMMENT 'First of its users, in the order of the primary key',
    last_user_id VARCHAR(255) NOT NULL COMMENT 'Last of its users, in the order of the primary key',
    parts INT NOT NULL DEFAULT 0 COMMENT 'Transactions that have settled users of the claim',
    completed INT NOT NULL DEFAULT 0 COMMENT 'Users with ten rows written',
    failed INT NOT NULL DEFAULT 0 COMMENT 'Users that could not be computed or written',
    superseded INT NOT NULL DEFAULT 0
        COMMENT 'Users that the customer set to new, or deleted, in the middle: left as they were',
    returned INT NOT NULL DEFAULT 0 COMMENT 'Users set back to new when the claim was given back or swept',
    left_locked INT NOT NULL DEFAULT 0
        COMMENT 'Users that somebody else held locked when the claim was closed; healed later',
    rows_loaded BIGINT NOT NULL DEFAULT 0 COMMENT 'Rows written: ten per completed user',
    claimed_at DATETIME(6) NOT NULL DEFAULT (UTC_TIMESTAMP(6)) COMMENT 'When the users were claimed, UTC',
    closed_at DATETIME(6) COMMENT 'When the claim was closed, UTC; empty while it is open',
    PRIMARY KEY (claim_id),
    KEY cardgenius_claims_of_run (run_id),
    KEY cardgenius_claims_open (state, owner),
    KEY cardgenius_claims_closed_at (closed_at),
    CONSTRAINT cardgenius_claims_state CHECK (state IN ('open', 'finished', 'returned', 'swept')),
    CONSTRAINT cardgenius_claims_users CHECK (users > 0),
    CONSTRAINT cardgenius_claims_completed CHECK (completed >= 0),
    CONSTRAINT cardgenius_claims_failed CHECK (failed >= 0),
    CONSTRAINT cardgenius_claims_superseded CHECK (superseded >= 0),
    CONSTRAINT cardgenius_claims_returned CHECK (returned >= 0),
    CONSTRAINT cardgenius_claims_left_locked CHECK (left_locked >= 0),
    CONSTRAINT cardgenius_claims_closed CHECK ((state = 'open') = (closed_at IS NULL)),
    CONSTRAINT cardgenius_claims_add_up CHECK (completed + failed + superseded + returned + left_locked <= users
        AND (state = 'open' OR completed + failed + superseded + returned + left_locked = users)),
    CONSTRAINT cardgenius_claims_ten_rows_each CHECK (rows_loaded = 10 * completed),
    CONSTRAINT cardgenius_claims_run FOREIGN KEY (run_id) REFERENCES {{runs}} (run_id)
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin
COMMENT = 'CardGenius: chunks of users held by an instance, and what became of them'
