-- Finds the claims closed in the last minute (how fast a run goes) and those closed long ago (to be pruned).
CREATE INDEX IF NOT EXISTS cardgenius_claims_closed_at ON {{claims}} (closed_at) WHERE closed_at IS NOT NULL;
