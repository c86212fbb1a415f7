-- What the protocol needs on the customer's table: nullable, or with a constant default, so nothing is rewritten and the
-- customer's own INSERTs go on unchanged.
ALTER TABLE {{input}}
    ADD COLUMN IF NOT EXISTS claim_id uuid,
    ADD COLUMN IF NOT EXISTS attempts smallint NOT NULL DEFAULT 0,
    ADD COLUMN IF NOT EXISTS crashes smallint NOT NULL DEFAULT 0,
    ADD COLUMN IF NOT EXISTS processed_at timestamptz;
COMMENT ON COLUMN {{input}}.claim_id IS 'CardGenius: the claim that holds the user, or that settled it last';
COMMENT ON COLUMN {{input}}.attempts IS 'CardGenius: attempts spent by faults of this user alone since it last settled';
COMMENT ON COLUMN {{input}}.crashes IS 'CardGenius: times that the instance holding this user died since the user last settled';
COMMENT ON COLUMN {{input}}.processed_at IS 'CardGenius: when the user was last completed or failed';
