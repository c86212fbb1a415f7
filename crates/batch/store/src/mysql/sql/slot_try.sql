-- Takes the first free one of $2 slots of $1, until it is released or the session ends. No row: none is free.
WITH RECURSIVE slots AS (
    SELECT 0 AS slot UNION ALL SELECT slot + 1 FROM slots WHERE slot < $2 - 1
)
SELECT s.slot FROM slots AS s WHERE GET_LOCK(CONCAT('cardgenius/slot/', LEFT(SHA2($1, 256), 40), '/', s.slot), 0) = 1 LIMIT 1
