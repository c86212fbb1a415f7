-- Takes the first free one of $2 slots of $1, until the transaction ends. No row: none is free. A filter is asked row by row, and no
-- further once the limit is reached.
SELECT s.slot
FROM generate_series(0, $2::bigint - 1) AS s (slot)
WHERE pg_try_advisory_xact_lock(hashtextextended('cardgenius slot ' || $1, s.slot))
LIMIT 1
