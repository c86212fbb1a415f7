-- What does not move, and what to do about it. Empty is good. Keys as text: a claim_id of another type is for `check` to refuse.
CREATE OR REPLACE VIEW {{view_stuck}} (
    what, users, claim_id, owner, host, process_id, claimed_at, lease_until, what_to_do
) AS
SELECT CASE WHEN i.instance_id IS NULL OR i.lease_until < clock_timestamp() THEN 'claim of a dead instance' ELSE 'old claim' END,
    (c.users - c.completed - c.failed - c.superseded - c.returned)::bigint,
    c.claim_id, c.owner, i.host, i.process_id, c.claimed_at, i.lease_until,
    CASE WHEN i.instance_id IS NULL OR i.lease_until < clock_timestamp()
        THEN 'any live instance returns its users within a minute; if none is alive, start one. If sessions named cardgenius/' || c.owner
            || ' stay in pg_stat_activity, they are of a role whose sessions ours may not end: GRANT pg_signal_backend, or pg_terminate_backend(pid)'
        ELSE 'look at pg_stat_activity for sessions named cardgenius/' || c.owner
            || ' and at pg_locks for what they wait for; the chunk is given back at its deadline (pipeline.chunk_deadline_ms)'
    END
FROM {{claims}} AS c
JOIN {{runs}} AS r ON r.run_id = c.run_id
LEFT JOIN {{instances}} AS i ON i.instance_id = c.owner
WHERE c.state = 'open' AND r.source_table = {{source_table_literal}}
    AND (i.instance_id IS NULL OR i.lease_until < clock_timestamp() OR c.claimed_at < clock_timestamp() - interval '10 minutes')
UNION ALL
SELECT 'pending users without a claim', o.users, NULL, NULL, NULL, NULL, NULL, NULL,
    'any live instance sets them back to new within seconds, unless somebody holds their rows locked; if none is alive, start one'
FROM (
    SELECT count(*) AS users
    FROM {{input}} AS u
    WHERE u.processing_status = 'pending'
        AND NOT EXISTS (SELECT FROM {{claims}} AS c JOIN {{runs}} AS r ON r.run_id = c.run_id
            WHERE c.claim_id::text = u.claim_id::text AND c.state = 'open' AND r.source_table = {{source_table_literal}})
) AS o
WHERE o.users > 0;
COMMENT ON VIEW {{view_stuck}} IS 'CardGenius: what does not move, and what to do about it. Empty is good';
COMMENT ON COLUMN {{view_stuck}}.what IS 'claim of a dead instance, old claim (over ten minutes), or pending users without a claim';
COMMENT ON COLUMN {{view_stuck}}.users IS 'Users that it holds up';
COMMENT ON COLUMN {{view_stuck}}.claim_id IS 'The claim; empty for pending users without one';
COMMENT ON COLUMN {{view_stuck}}.owner IS 'Instance that holds it; part of the application_name of its sessions';
COMMENT ON COLUMN {{view_stuck}}.host IS 'Where that instance runs or ran';
COMMENT ON COLUMN {{view_stuck}}.process_id IS 'Its process id there';
COMMENT ON COLUMN {{view_stuck}}.claimed_at IS 'When the users were claimed';
COMMENT ON COLUMN {{view_stuck}}.lease_until IS 'Until when that instance may hold them';
COMMENT ON COLUMN {{view_stuck}}.what_to_do IS 'What to do about it';
