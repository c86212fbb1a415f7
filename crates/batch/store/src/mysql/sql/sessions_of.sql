-- The sessions of an instance ($1, as in session_identity) but the one that asks: whoever holds the lock of one of its slots now,
-- whatever somebody recorded of it. The LIMIT keeps the server from asking of each slot twice.
WITH RECURSIVE slots AS (
    SELECT 0 AS slot UNION ALL SELECT slot + 1 FROM slots WHERE slot < 63
)
SELECT h.holder
FROM (SELECT IS_USED_LOCK(CONCAT($1, '/', s.slot)) AS holder FROM slots AS s LIMIT 64) AS h
WHERE h.holder <> CONNECTION_ID()
