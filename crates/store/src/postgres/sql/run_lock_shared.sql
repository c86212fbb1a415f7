-- Whoever claims holds the run open; whoever closes it waits for that, and sees the claim. The switch is read beside it:
-- a pause takes effect with the next claim, on every instance.
SELECT r.state, coalesce(c.paused, false), c.changed_by, c.reason, r.max_users,
    (SELECT max(k.last_user_id) FROM {{claims}} AS k WHERE k.run_id = r.run_id AND k.state = 'open')
FROM {{runs}} AS r
LEFT JOIN {{control}} AS c ON c.source_table = r.source_table
WHERE r.run_id = $1
FOR SHARE OF r
