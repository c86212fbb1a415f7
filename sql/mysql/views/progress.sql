-- The open run: how far, how fast, how long still. Empty: no run is open.
--   run_id, kind (backfill, weekly, manual or scheduled), opened_at (UTC)
--   users_total: users to do, those new or pending when it was opened
--   users_done: users completed, failed or taken back by the customer; users_failed of them failed; percent of the total
--   users_per_second: of chunks closed within the last minute; time_left at that speed, empty while nothing moves
--   claims_open: chunks of users in flight
CREATE OR REPLACE SQL SECURITY INVOKER VIEW {{view_progress}} (
    run_id, kind, opened_at, users_total, users_done, users_failed, percent, users_per_second, time_left, claims_open
) AS
SELECT p.run_id, p.kind, p.opened_at, p.total, p.done, p.failed,
    CASE WHEN p.total > 0 THEN ROUND(100.0 * p.done / p.total, 2) END,
    ROUND(p.lately / p.seconds, 1),
    CASE WHEN p.lately > 0 THEN SEC_TO_TIME(CEILING((p.total - p.done) * p.seconds / p.lately)) END,
    p.claims_open
FROM (
    SELECT r.run_id, r.kind, r.opened_at, GREATEST(r.backlog, COALESCE(s.done, 0)) AS total, COALESCE(s.done, 0) AS done,
        COALESCE(s.failed, 0) AS failed, COALESCE(s.lately, 0) AS lately, COALESCE(s.claims_open, 0) AS claims_open,
        LEAST(60.0, GREATEST(1.0, TIMESTAMPDIFF(MICROSECOND, r.opened_at, UTC_TIMESTAMP(6)) / 1000000)) AS seconds
    FROM {{runs}} AS r
    LEFT JOIN (
        SELECT c.run_id,
            CAST(SUM(c.completed + c.failed + c.superseded) AS SIGNED) AS done,
            CAST(SUM(c.failed) AS SIGNED) AS failed,
            CAST(SUM(IF(c.closed_at > UTC_TIMESTAMP(6) - INTERVAL 1 MINUTE, c.completed + c.failed + c.superseded, 0)) AS SIGNED)
                AS lately,
            CAST(SUM(c.state = 'open') AS SIGNED) AS claims_open
        FROM {{claims}} AS c
        JOIN {{runs}} AS o ON o.run_id = c.run_id
        WHERE o.open_source = {{source_table_literal}}
        GROUP BY c.run_id
    ) AS s ON s.run_id = r.run_id
    WHERE r.open_source = {{source_table_literal}}
) AS p
