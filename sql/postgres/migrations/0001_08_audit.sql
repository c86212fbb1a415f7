-- What operators did, and what the program decided by itself.
CREATE TABLE IF NOT EXISTS {{audit}} (
    audit_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    happened_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    actor text NOT NULL,
    action text NOT NULL,
    run_id uuid,
    detail text
);
CREATE INDEX IF NOT EXISTS cardgenius_audit_happened_at ON {{audit}} (happened_at);
COMMENT ON TABLE {{audit}} IS 'CardGenius: what operators did, and what the program decided by itself';
COMMENT ON COLUMN {{audit}}.audit_id IS 'Running number';
COMMENT ON COLUMN {{audit}}.happened_at IS 'When';
COMMENT ON COLUMN {{audit}}.actor IS 'Database role or instance';
COMMENT ON COLUMN {{audit}}.action IS 'What, in one word: migrate, open, close, sweep, pause, resume, cancel, requeue';
COMMENT ON COLUMN {{audit}}.run_id IS 'The run concerned, if any';
COMMENT ON COLUMN {{audit}}.detail IS 'More, for people; never spending figures';
