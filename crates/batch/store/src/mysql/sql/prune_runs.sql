-- The oldest closed runs without claims; the youngest that was done, of each kind, stays: it says when all was well last.
DELETE d
FROM (
    SELECT r.run_id FROM {{runs}} AS r
    WHERE r.state <> 'open' AND r.closed_at < UTC_TIMESTAMP(6) - INTERVAL $1 * 1e6 MICROSECOND
        AND NOT EXISTS (SELECT 1 FROM {{claims}} AS c WHERE c.run_id = r.run_id)
        AND (r.state <> 'done' OR EXISTS (
            SELECT 1 FROM {{runs}} AS y
            WHERE y.source_table = r.source_table AND y.kind = r.kind AND y.state = 'done'
                AND (y.closed_at > r.closed_at OR (y.closed_at = r.closed_at AND y.run_id > r.run_id))))
    ORDER BY r.closed_at
    LIMIT $2
    FOR UPDATE SKIP LOCKED
) AS old
STRAIGHT_JOIN {{runs}} AS d ON d.run_id = old.run_id
