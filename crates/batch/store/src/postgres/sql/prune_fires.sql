-- The last fire of each schedule stays: it says from when on the next ones are due.
WITH old AS MATERIALIZED (
    SELECT f.source_table, f.name, f.fire_at FROM {{fires}} AS f
    WHERE f.decided_at < clock_timestamp() - make_interval(secs => $1)
        AND EXISTS (
            SELECT FROM {{fires}} AS y
            WHERE y.source_table = f.source_table AND y.name = f.name AND y.fire_at > f.fire_at)
    ORDER BY f.decided_at
    LIMIT $2
    FOR UPDATE SKIP LOCKED
)
DELETE FROM {{fires}} AS d USING old
WHERE d.source_table = old.source_table AND d.name = old.name AND d.fire_at = old.fire_at
