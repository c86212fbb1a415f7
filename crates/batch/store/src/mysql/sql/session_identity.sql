-- Takes the lock of the first free slot of this instance ($1, "cardgenius/" and its id): by it others find this session, and end it
-- if the instance died. The server frees it when the session has ended and is rolled back, or is reset. No row: all 64 slots
-- are taken.
WITH RECURSIVE slots AS (
    SELECT 0 AS slot UNION ALL SELECT slot + 1 FROM slots WHERE slot < 63
)
SELECT s.slot, CONNECTION_ID() FROM slots AS s WHERE GET_LOCK(CONCAT($1, '/', s.slot), 0) = 1 LIMIT 1
