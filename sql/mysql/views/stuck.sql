-- What does not move, and what to do about it. Empty is good.
--   what: claim of a dead instance, old claim (over ten minutes), or pending users without a claim
--   users: users that it holds up; claim_id: empty for pending users without one
--   owner: instance that holds it; host, process_id: where that instance runs or ran
--   claimed_at, lease_until (UTC): until when that instance may hold them; what_to_do about it
CREATE OR REPLACE SQL SECURITY INVOKER VIEW {{view_stuck}} (
    what, users, claim_id, owner, host, process_id, claimed_at, lease_until, what_to_do
) AS
SELECT CASE WHEN i.instance_id IS NULL OR i.lease_until < UTC_TIMESTAMP(6) THEN 'claim of a dead instance' ELSE 'old claim' END,
    c.users - c.completed - c.failed - c.superseded - c.returned,
    c.claim_id, c.owner, i.host, i.process_id, c.claimed_at, i.lease_until,
    CASE WHEN i.instance_id IS NULL OR i.lease_until < UTC_TIMESTAMP(6)
        THEN CONCAT('any live instance returns its users within a minute; if none is alive, start one. If the connection IS_USED_LOCK(''cardgenius/',
            c.owner, '/0'') (and /1, /2 ...) stays, it is of an account whose connections ours may not end: GRANT CONNECTION ADMIN, or KILL it')
        ELSE CONCAT('look at the process list for the connection IS_USED_LOCK(''cardgenius/', c.owner, '/0'') (and /1, /2 ...)',
            ' and at INNODB_TRX for what it waits for; the chunk is given back at its deadline (pipeline.chunk_deadline_ms)')
    END
FROM {{claims}} AS c
JOIN {{runs}} AS r ON r.run_id = c.run_id
LEFT JOIN {{instances}} AS i ON i.instance_id = c.owner
WHERE c.state = 'open' AND r.source_table = {{source_table_literal}}
    AND (i.instance_id IS NULL OR i.lease_until < UTC_TIMESTAMP(6) OR c.claimed_at < UTC_TIMESTAMP(6) - INTERVAL 10 MINUTE)
UNION ALL
SELECT 'pending users without a claim', o.users, NULL, NULL, NULL, NULL, NULL, NULL,
    'any live instance sets them back to new within seconds, unless somebody holds their rows locked; if none is alive, start one'
FROM (
    SELECT COUNT(*) AS users
    FROM {{input}} AS u
    WHERE u.processing_status = 'pending'
        AND NOT EXISTS (SELECT 1 FROM {{claims}} AS c JOIN {{runs}} AS r ON r.run_id = c.run_id
            WHERE c.claim_id = u.claim_id AND c.state = 'open' AND r.source_table = {{source_table_literal}})
) AS o
WHERE o.users > 0
