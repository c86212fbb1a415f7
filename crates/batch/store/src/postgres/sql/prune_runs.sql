-- The oldest closed runs without claims; the youngest that was done, of each kind, stays: it says when all was well last.
WITH old AS MATERIALIZED (
    SELECT r.run_id FROM {{runs}} AS r
    WHERE r.state <> 'open' AND r.closed_at < clock_timestamp() - make_interval(secs => $1)
        AND NOT EXISTS (SELECT FROM {{claims}} AS c WHERE c.run_id = r.run_id)
        AND (r.state <> 'done' OR EXISTS (
            SELECT FROM {{runs}} AS y
            WHERE y.source_table = r.source_table AND y.kind = r.kind AND y.state = 'done'
                AND (y.closed_at, y.run_id) > (r.closed_at, r.run_id)))
    ORDER BY r.closed_at
    LIMIT $2
    FOR UPDATE SKIP LOCKED
)
DELETE FROM {{runs}} AS d USING old WHERE d.run_id = old.run_id
