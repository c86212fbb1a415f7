-- In a second target database only: which parts of which claims were loaded here, or must never be.
CREATE TABLE IF NOT EXISTS {{fence}} (
    claim_id uuid NOT NULL,
    part integer NOT NULL,
    loaded boolean NOT NULL,
    written_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (claim_id, part)
);
CREATE INDEX IF NOT EXISTS cardgenius_fence_written_at ON {{fence}} (written_at);
COMMENT ON TABLE {{fence}} IS 'CardGenius: which parts of which claims were loaded here, or must never be';
COMMENT ON COLUMN {{fence}}.claim_id IS 'The claim, whose row is in the source database';
COMMENT ON COLUMN {{fence}}.part IS 'Which of its transactions, from 1';
COMMENT ON COLUMN {{fence}}.loaded IS 'True: its rows were loaded. False: the claim was taken away before, and a late load is refused';
COMMENT ON COLUMN {{fence}}.written_at IS 'When';
