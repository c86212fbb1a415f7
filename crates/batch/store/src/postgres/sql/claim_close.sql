-- Given back, or swept. Who was claimed and is neither settled, returned nor locked was superseded.
UPDATE {{claims}}
SET returned = $2, left_locked = $3, failed = failed + $4,
    superseded = users - completed - failed - $4 - $2 - $3,
    state = $5, closed_at = clock_timestamp()
WHERE claim_id = $1
