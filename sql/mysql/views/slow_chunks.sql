-- The fifty slowest chunks of the last week, the slowest first.
--   claim_id, run_id, state: finished, returned (given back), or swept (its owner died)
--   duration: from claim to end; users claimed; users_per_second
--   owner: instance that held it; host: where that instance runs or ran, empty once it is forgotten
--   first_user_id, last_user_id; claimed_at (UTC)
CREATE OR REPLACE SQL SECURITY INVOKER VIEW {{view_slow_chunks}} (
    claim_id, run_id, state, duration, users, users_per_second, owner, host, first_user_id, last_user_id, claimed_at
) AS
SELECT p.claim_id, p.run_id, p.state, SEC_TO_TIME(ROUND(p.seconds, 3)), p.users,
    ROUND(p.users / GREATEST(0.001, p.seconds), 1), p.owner, p.host, p.first_user_id, p.last_user_id, p.claimed_at
FROM (
    SELECT c.claim_id, c.run_id, c.state, c.users, c.owner, i.host, c.first_user_id, c.last_user_id, c.claimed_at,
        TIMESTAMPDIFF(MICROSECOND, c.claimed_at, c.closed_at) / 1000000 AS seconds
    FROM {{claims}} AS c
    JOIN {{runs}} AS r ON r.run_id = c.run_id
    LEFT JOIN {{instances}} AS i ON i.instance_id = c.owner
    WHERE c.closed_at > UTC_TIMESTAMP(6) - INTERVAL 7 DAY AND r.source_table = {{source_table_literal}}
) AS p
ORDER BY p.seconds DESC
LIMIT 50
