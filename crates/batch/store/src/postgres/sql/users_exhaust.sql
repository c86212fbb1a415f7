-- Faults that pass for everybody else have hit this user alone, once too often: $5 is whether that is proven, $6 whether the
-- proof of an earlier attempt will do.
UPDATE {{input}}
SET processing_status = 'failed', processing_error = $4, processed_at = clock_timestamp(), attempts = 0, crashes = 0
WHERE user_id = ANY ($2::text[]) AND claim_id = $1 AND processing_status = 'pending'
  AND attempts + 1 >= $3::smallint AND ($5 OR ($6 AND attempts > 0))
