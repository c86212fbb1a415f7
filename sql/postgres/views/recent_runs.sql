-- The last fifty runs.
CREATE OR REPLACE VIEW {{view_recent_runs}} (
    run_id, kind, state, opened_for, opened_at, closed_at, duration, backlog, completed, failed, superseded, users_left,
    users_per_second, as_of, catalogue_hash, reason
) AS
SELECT r.run_id, r.kind, r.state, r.opened_for, r.opened_at, r.closed_at,
    date_trunc('milliseconds', coalesce(r.closed_at, clock_timestamp()) - r.opened_at), r.backlog,
    s.completed, s.failed, s.superseded, r.users_left,
    round((s.completed + s.failed) / greatest(0.001, extract(epoch FROM coalesce(r.closed_at, clock_timestamp()) - r.opened_at))::numeric, 1),
    r.as_of, r.catalogue_hash, r.reason
FROM (SELECT * FROM {{runs}} WHERE source_table = {{source_table_literal}} ORDER BY opened_at DESC LIMIT 50) AS r
CROSS JOIN LATERAL (
    SELECT coalesce(sum(c.completed), 0)::bigint AS completed, coalesce(sum(c.failed), 0)::bigint AS failed,
        coalesce(sum(c.superseded), 0)::bigint AS superseded
    FROM {{claims}} AS c
    WHERE c.run_id = r.run_id
) AS s
ORDER BY r.opened_at DESC;
COMMENT ON VIEW {{view_recent_runs}} IS 'CardGenius: the last fifty runs, the youngest first';
COMMENT ON COLUMN {{view_recent_runs}}.run_id IS 'The run';
COMMENT ON COLUMN {{view_recent_runs}}.kind IS 'backfill, weekly, manual or scheduled';
COMMENT ON COLUMN {{view_recent_runs}}.state IS 'open, done, failed, cancelled or abandoned';
COMMENT ON COLUMN {{view_recent_runs}}.opened_for IS 'Who or what asked for it';
COMMENT ON COLUMN {{view_recent_runs}}.opened_at IS 'When it was opened';
COMMENT ON COLUMN {{view_recent_runs}}.closed_at IS 'When it was closed; empty while it is open';
COMMENT ON COLUMN {{view_recent_runs}}.duration IS 'How long it took, or has taken so far';
COMMENT ON COLUMN {{view_recent_runs}}.backlog IS 'Users new or pending when it was opened';
COMMENT ON COLUMN {{view_recent_runs}}.completed IS 'Users completed';
COMMENT ON COLUMN {{view_recent_runs}}.failed IS 'Users failed';
COMMENT ON COLUMN {{view_recent_runs}}.superseded IS 'Users that the customer took back meanwhile';
COMMENT ON COLUMN {{view_recent_runs}}.users_left IS 'Users new or pending when it was closed';
COMMENT ON COLUMN {{view_recent_runs}}.users_per_second IS 'Users completed or failed a second, over the whole run';
COMMENT ON COLUMN {{view_recent_runs}}.as_of IS 'The date at which promotions were judged';
COMMENT ON COLUMN {{view_recent_runs}}.catalogue_hash IS 'The catalogue';
COMMENT ON COLUMN {{view_recent_runs}}.reason IS 'Why it was closed, where that is not plain';
