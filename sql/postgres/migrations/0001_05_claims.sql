-- Claims: chunks of users, held by an instance, and what became of them.
CREATE TABLE IF NOT EXISTS {{claims}} (
    claim_id uuid PRIMARY KEY,
    run_id uuid NOT NULL REFERENCES {{runs}},
    owner uuid NOT NULL,
    state text NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'finished', 'returned', 'swept')),
    users integer NOT NULL CHECK (users > 0),
    first_user_id text NOT NULL,
    last_user_id text NOT NULL,
    parts integer NOT NULL DEFAULT 0,
    completed integer NOT NULL DEFAULT 0 CHECK (completed >= 0),
    failed integer NOT NULL DEFAULT 0 CHECK (failed >= 0),
    superseded integer NOT NULL DEFAULT 0 CHECK (superseded >= 0),
    returned integer NOT NULL DEFAULT 0 CHECK (returned >= 0),
    left_locked integer NOT NULL DEFAULT 0 CHECK (left_locked >= 0),
    rows_loaded bigint NOT NULL DEFAULT 0,
    claimed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    closed_at timestamptz,
    CHECK ((state = 'open') = (closed_at IS NULL)),
    CONSTRAINT cardgenius_claims_add_up CHECK (completed + failed + superseded + returned + left_locked <= users
        AND (state = 'open' OR completed + failed + superseded + returned + left_locked = users)),
    CONSTRAINT cardgenius_claims_ten_rows_each CHECK (rows_loaded = 10 * completed)
);
CREATE INDEX IF NOT EXISTS cardgenius_claims_of_run ON {{claims}} (run_id);
CREATE INDEX IF NOT EXISTS cardgenius_claims_open ON {{claims}} (owner) WHERE state = 'open';
COMMENT ON TABLE {{claims}} IS 'CardGenius: chunks of users held by an instance, and what became of them';
COMMENT ON COLUMN {{claims}}.claim_id IS 'Id, made by the instance; the users that it settled keep it';
COMMENT ON COLUMN {{claims}}.run_id IS 'The run that the claim counts for';
COMMENT ON COLUMN {{claims}}.owner IS 'Instance that holds the users while the claim is open';
COMMENT ON COLUMN {{claims}}.state IS 'open, finished, returned (given back), or swept (its owner died)';
COMMENT ON COLUMN {{claims}}.users IS 'Users claimed';
COMMENT ON COLUMN {{claims}}.first_user_id IS 'First of its users, in the order of the primary key';
COMMENT ON COLUMN {{claims}}.last_user_id IS 'Last of its users, in the order of the primary key';
COMMENT ON COLUMN {{claims}}.parts IS 'Transactions that have settled users of the claim';
COMMENT ON COLUMN {{claims}}.completed IS 'Users with ten rows written';
COMMENT ON COLUMN {{claims}}.failed IS 'Users that could not be computed or written';
COMMENT ON COLUMN {{claims}}.superseded IS 'Users that the customer set to new, or deleted, in the middle: left as they were';
COMMENT ON COLUMN {{claims}}.returned IS 'Users set back to new when the claim was given back or swept';
COMMENT ON COLUMN {{claims}}.left_locked IS 'Users that somebody else held locked when the claim was closed; healed later';
COMMENT ON COLUMN {{claims}}.rows_loaded IS 'Rows written: ten per completed user';
COMMENT ON COLUMN {{claims}}.claimed_at IS 'When the users were claimed';
COMMENT ON COLUMN {{claims}}.closed_at IS 'When the claim was closed; empty while it is open';
