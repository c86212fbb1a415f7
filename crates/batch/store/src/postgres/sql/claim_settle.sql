-- Adds what this transaction settled. The claim stays open while somebody else holds users of it locked.
UPDATE {{claims}}
SET parts = parts + 1, completed = completed + $2, failed = failed + $3, superseded = superseded + $4,
    rows_loaded = rows_loaded + 10::bigint * $2,
    state = CASE WHEN $5 THEN 'open' ELSE 'finished' END,
    closed_at = CASE WHEN $5 THEN NULL ELSE clock_timestamp() END
WHERE claim_id = $1
