-- As run_lock_shared, for a run of a limited number of users: one claim after the other.
SELECT r.state, COALESCE((SELECT c.paused FROM {{control}} AS c WHERE c.source_table = r.source_table), FALSE),
    (SELECT c.changed_by FROM {{control}} AS c WHERE c.source_table = r.source_table),
    (SELECT c.reason FROM {{control}} AS c WHERE c.source_table = r.source_table),
    r.max_users,
    (SELECT MAX(k.last_user_id) FROM {{claims}} AS k FORCE INDEX (cardgenius_claims_open)
        WHERE k.run_id = r.run_id AND k.state = 'open'
            AND k.claimed_at > (SELECT p.claimed_at FROM {{claims}} AS p WHERE p.claim_id = $2))
FROM {{runs}} AS r
WHERE r.run_id = $1
FOR UPDATE
