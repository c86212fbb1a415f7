-- Whoever claims holds the run open; whoever closes it waits for that, and sees the claim. The switch is read beside it:
-- a pause takes effect with the next claim, on every instance. Read too: how far those claims have come that are
-- open and were made since claim $2.
SELECT r.state, coalesce(c.paused, false), c.changed_by, c.reason, r.max_users,
    (SELECT max(k.last_user_id) FROM {{claims}} AS k WHERE k.run_id = r.run_id AND k.state = 'open'
        AND k.claimed_at > (SELECT p.claimed_at FROM {{claims}} AS p WHERE p.claim_id = $2))
FROM {{runs}} AS r
LEFT JOIN {{control}} AS c ON c.source_table = r.source_table
WHERE r.run_id = $1
FOR SHARE OF r
