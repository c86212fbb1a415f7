-- How fast each instance may go just now, by what its throttle sees of the database.
ALTER TABLE {{instances}} ADD COLUMN IF NOT EXISTS throttle_share double precision CHECK (throttle_share BETWEEN 0 AND 1);
ALTER TABLE {{instances}} ADD COLUMN IF NOT EXISTS throttle_reason text;
ALTER TABLE {{instances}} ADD COLUMN IF NOT EXISTS throttle_since timestamptz;
COMMENT ON COLUMN {{instances}}.throttle_share IS 'Share of its full speed that its throttle lets it use, 0 (claims nobody) to 1; empty: all of it';
COMMENT ON COLUMN {{instances}}.throttle_reason IS 'Why not all of it; empty: nothing holds it back';
COMMENT ON COLUMN {{instances}}.throttle_since IS 'Since when it has not been at full speed; empty: it is';
