-- Which version of CardGenius' own tables is here, and which programs may work with it.
CREATE TABLE IF NOT EXISTS {{versions}} (
    version integer PRIMARY KEY CHECK (version > 0),
    oldest_program text NOT NULL,
    applied_by text NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
COMMENT ON TABLE {{versions}} IS 'CardGenius: versions of its schema that were applied here';
COMMENT ON COLUMN {{versions}}.version IS 'Version of the schema; the highest one is in force';
COMMENT ON COLUMN {{versions}}.oldest_program IS 'Oldest version of the program that this schema still serves';
COMMENT ON COLUMN {{versions}}.applied_by IS 'Program version that applied it, or who ran the printed SQL';
COMMENT ON COLUMN {{versions}}.applied_at IS 'When it was applied';
