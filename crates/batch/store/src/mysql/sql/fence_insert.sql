-- First statement of a load: it holds the part's row, which it leaves alone where the claim was taken away before. Loading
-- the same part again is right: then the target had committed and the source had not.
INSERT INTO {{fence}} (claim_id, part, loaded, written_at)
VALUES ($1, $2, TRUE, UTC_TIMESTAMP(6))
ON DUPLICATE KEY UPDATE written_at = CASE WHEN loaded THEN UTC_TIMESTAMP(6) ELSE written_at END
