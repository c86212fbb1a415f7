-- First statement of a load: it holds the part's row, which it leaves alone where the claim was taken away before. Loading
-- the same part again is right: then the target had committed and the source had not.
INSERT INTO {{fence}} AS f (claim_id, part, loaded)
VALUES ($1, $2, true)
ON CONFLICT (claim_id, part) DO UPDATE SET written_at = clock_timestamp() WHERE f.loaded
