-- The last fifty runs, the youngest first.
--   run_id, kind (backfill, weekly, manual or scheduled), state (open, done, failed, cancelled or abandoned)
--   opened_for: who or what asked for it; opened_at, closed_at (UTC; empty while it is open)
--   duration: how long it took, or has taken so far
--   backlog: users new or pending when it was opened; completed, failed, superseded (taken back by the customer meanwhile)
--   users_left: users new or pending when it was closed; users_per_second: completed or failed, over the whole run
--   as_of: the date at which promotions were judged; catalogue_hash; reason: why it was closed, where that is not plain
CREATE OR REPLACE SQL SECURITY INVOKER VIEW {{view_recent_runs}} (
    run_id, kind, state, opened_for, opened_at, closed_at, duration, backlog, completed, failed, superseded, users_left,
    users_per_second, as_of, catalogue_hash, reason
) AS
SELECT p.run_id, p.kind, p.state, p.opened_for, p.opened_at, p.closed_at, SEC_TO_TIME(ROUND(p.seconds, 3)), p.backlog,
    p.completed, p.failed, p.superseded, p.users_left, ROUND((p.completed + p.failed) / GREATEST(0.001, p.seconds), 1),
    p.as_of, p.catalogue_hash, p.reason
FROM (
    SELECT r.run_id, r.kind, r.state, r.opened_for, r.opened_at, r.closed_at, r.backlog, r.users_left, r.as_of,
        r.catalogue_hash, r.reason,
        TIMESTAMPDIFF(MICROSECOND, r.opened_at, COALESCE(r.closed_at, UTC_TIMESTAMP(6))) / 1000000 AS seconds,
        (SELECT CAST(COALESCE(SUM(c.completed), 0) AS SIGNED) FROM {{claims}} AS c WHERE c.run_id = r.run_id) AS completed,
        (SELECT CAST(COALESCE(SUM(c.failed), 0) AS SIGNED) FROM {{claims}} AS c WHERE c.run_id = r.run_id) AS failed,
        (SELECT CAST(COALESCE(SUM(c.superseded), 0) AS SIGNED) FROM {{claims}} AS c WHERE c.run_id = r.run_id) AS superseded
    FROM {{runs}} AS r
    WHERE r.source_table = {{source_table_literal}}
    ORDER BY r.opened_at DESC
    LIMIT 50
) AS p
ORDER BY p.opened_at DESC
