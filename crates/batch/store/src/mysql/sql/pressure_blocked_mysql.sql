-- Who has waited longest for a row's lock that a session of ours ($1, as in sessions_of) holds, for how many seconds, and how many
-- wait. Sessions of any instance of ours wait by design: $2 is a JSON array of what they are called, as $1 is. Needs PROCESS, and
-- SELECT on performance_schema.data_lock_waits. The server writes down the start of a wait by its own machine's clock and zone.
WITH RECURSIVE slots AS (
    SELECT 0 AS slot UNION ALL SELECT slot + 1 FROM slots WHERE slot < 63
), waits AS (
    SELECT w.trx_mysql_thread_id AS waiter,
        MAX(TIMESTAMPDIFF(SECOND, w.trx_wait_started, CONVERT_TZ(UTC_TIMESTAMP(), '+00:00', 'SYSTEM'))) AS waited
    FROM performance_schema.data_lock_waits AS l
    JOIN information_schema.innodb_trx AS w ON w.trx_id = l.requesting_engine_transaction_id
    JOIN information_schema.innodb_trx AS b ON b.trx_id = l.blocking_engine_transaction_id
    WHERE b.trx_mysql_thread_id IN (SELECT IS_USED_LOCK(CONCAT($1, '/', s.slot)) FROM slots AS s)
    GROUP BY w.trx_mysql_thread_id
)
SELECT w.waiter, w.waited + 0e0, COUNT(*) OVER ()
FROM waits AS w
WHERE NOT EXISTS (
    SELECT 1
    FROM JSON_TABLE($2, '$[*]' COLUMNS (called VARCHAR(60) PATH '$')) AS j
    JOIN slots AS s
    WHERE IS_USED_LOCK(CONCAT(j.called, '/', s.slot)) = w.waiter)
ORDER BY w.waited DESC
LIMIT 1
