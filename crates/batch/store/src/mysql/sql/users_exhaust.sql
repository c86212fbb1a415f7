-- Faults that pass for everybody else have hit this user alone, once too often: $5 is whether that is proven, $6 whether the
-- proof of an earlier attempt will do.
UPDATE {{input}} AS u FORCE INDEX ({{input_key}})
SET u.processing_status = 'failed', u.processing_error = $4, u.processed_at = UTC_TIMESTAMP(6), u.attempts = 0, u.crashes = 0
WHERE u.user_id IN ($2) AND u.claim_id = $1 AND u.processing_status = 'pending'
  AND u.attempts + 1 >= $3 AND ($5 OR ($6 AND u.attempts > 0))
