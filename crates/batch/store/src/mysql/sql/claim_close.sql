-- Given back, or swept. Who was claimed and is neither settled, returned nor locked was superseded. That is reckoned first: an
-- assignment here sees what those before it have set.
UPDATE {{claims}}
SET superseded = users - completed - failed - $4 - $2 - $3, failed = failed + $4, returned = $2, left_locked = $3,
    state = $5, closed_at = UTC_TIMESTAMP(6)
WHERE claim_id = $1
