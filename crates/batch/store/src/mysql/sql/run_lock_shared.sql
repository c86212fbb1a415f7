-- Whoever claims holds the run open; whoever closes it waits for that, and sees the claim. The switch is read beside it:
-- a pause takes effect with the next claim, on every instance. Read in subqueries, which are not locked: whoever is about to
-- turn the switch by hand stops nobody. Read too: how far those claims have come that are
-- open and were made since claim $2.
SELECT r.state, COALESCE((SELECT c.paused FROM {{control}} AS c WHERE c.source_table = r.source_table), FALSE),
    (SELECT c.changed_by FROM {{control}} AS c WHERE c.source_table = r.source_table),
    (SELECT c.reason FROM {{control}} AS c WHERE c.source_table = r.source_table),
    r.max_users,
    (SELECT MAX(k.last_user_id) FROM {{claims}} AS k FORCE INDEX (cardgenius_claims_open)
        WHERE k.run_id = r.run_id AND k.state = 'open'
            AND k.claimed_at > (SELECT p.claimed_at FROM {{claims}} AS p WHERE p.claim_id = $2))
FROM {{runs}} AS r
WHERE r.run_id = $1
LOCK IN SHARE MODE
