-- As run_lock_shared, for a run of a limited number of users: one claim after the other.
SELECT r.state, coalesce(c.paused, false), c.changed_by, c.reason, r.max_users,
    (SELECT max(k.last_user_id) FROM {{claims}} AS k WHERE k.run_id = r.run_id AND k.state = 'open'
        AND k.claimed_at > (SELECT p.claimed_at FROM {{claims}} AS p WHERE p.claim_id = $2))
FROM {{runs}} AS r
LEFT JOIN {{control}} AS c ON c.source_table = r.source_table
WHERE r.run_id = $1
FOR NO KEY UPDATE OF r
