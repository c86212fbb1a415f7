-- The last fire of each schedule stays: it says from when on the next ones are due.
DELETE d
FROM (
    SELECT f.source_table, f.name, f.fire_at FROM {{fires}} AS f
    WHERE f.decided_at < UTC_TIMESTAMP(6) - INTERVAL $1 * 1e6 MICROSECOND
        AND EXISTS (
            SELECT 1 FROM {{fires}} AS y
            WHERE y.source_table = f.source_table AND y.name = f.name AND y.fire_at > f.fire_at)
    ORDER BY f.decided_at
    LIMIT $2
    FOR UPDATE SKIP LOCKED
) AS old
STRAIGHT_JOIN {{fires}} AS d ON d.source_table = old.source_table AND d.name = old.name AND d.fire_at = old.fire_at
