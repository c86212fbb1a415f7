-- The catalogues that runs computed with, each text once.
CREATE TABLE IF NOT EXISTS {{catalogues}} (
    catalogue_hash text PRIMARY KEY CHECK (catalogue_hash ~ '^[0-9a-f]{64}$'),
    catalogue_text text NOT NULL,
    stored_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
COMMENT ON TABLE {{catalogues}} IS 'CardGenius: the card catalogues that runs computed with, each text once';
COMMENT ON COLUMN {{catalogues}}.catalogue_hash IS 'SHA-256 of the text, in lower-case hexadecimal';
COMMENT ON COLUMN {{catalogues}}.catalogue_text IS 'The catalogue file, to the letter';
COMMENT ON COLUMN {{catalogues}}.stored_at IS 'When it was first used';
