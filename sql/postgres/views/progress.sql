-- The open run: how far, how fast, how long still.
CREATE OR REPLACE VIEW {{view_progress}} (
    run_id, kind, opened_at, users_total, users_done, users_failed, percent, users_per_second, time_left, claims_open
) AS
SELECT p.run_id, p.kind, p.opened_at, p.total, p.done, p.failed,
    CASE WHEN p.total > 0 THEN round(100.0 * p.done / p.total, 2) END,
    round((p.lately / p.seconds)::numeric, 1),
    CASE WHEN p.lately > 0 THEN make_interval(secs => ceil((p.total - p.done) * p.seconds / p.lately)) END,
    p.claims_open
FROM (
    SELECT r.run_id, r.kind, r.opened_at, greatest(r.backlog, s.done) AS total, s.done, s.failed, s.lately, s.claims_open,
        least(60, greatest(1, extract(epoch FROM clock_timestamp() - r.opened_at)))::double precision AS seconds
    FROM {{runs}} AS r
    CROSS JOIN LATERAL (
        SELECT coalesce(sum(c.completed + c.failed + c.superseded), 0)::bigint AS done,
            coalesce(sum(c.failed), 0)::bigint AS failed,
            coalesce(sum(c.completed + c.failed + c.superseded)
                FILTER (WHERE c.closed_at > clock_timestamp() - interval '1 minute'), 0)::bigint AS lately,
            count(*) FILTER (WHERE c.state = 'open') AS claims_open
        FROM {{claims}} AS c
        WHERE c.run_id = r.run_id
    ) AS s
    WHERE r.source_table = {{source_table_literal}} AND r.state = 'open'
) AS p;
COMMENT ON VIEW {{view_progress}} IS 'CardGenius: the open run: how far, how fast, how long still. Empty: no run is open';
COMMENT ON COLUMN {{view_progress}}.run_id IS 'The run';
COMMENT ON COLUMN {{view_progress}}.kind IS 'backfill, weekly, manual or scheduled';
COMMENT ON COLUMN {{view_progress}}.opened_at IS 'When it was opened';
COMMENT ON COLUMN {{view_progress}}.users_total IS 'Users to do: those new or pending when it was opened';
COMMENT ON COLUMN {{view_progress}}.users_done IS 'Users completed, failed or taken back by the customer';
COMMENT ON COLUMN {{view_progress}}.users_failed IS 'Users failed';
COMMENT ON COLUMN {{view_progress}}.percent IS 'Done of total, percent';
COMMENT ON COLUMN {{view_progress}}.users_per_second IS 'Users a second, of chunks closed within the last minute';
COMMENT ON COLUMN {{view_progress}}.time_left IS 'At that speed; empty while nothing moves';
COMMENT ON COLUMN {{view_progress}}.claims_open IS 'Chunks of users in flight';
