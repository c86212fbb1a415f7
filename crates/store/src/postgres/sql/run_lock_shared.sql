-- Whoever claims holds the run open; whoever closes it waits for that, and sees the claim. The switch is read beside it:
-- a pause takes effect with the next claim, on every instance.
SELECT r.state, coalesce(c.paused, false), c.changed_by, c.reason, r.max_users
FROM {{runs}} AS r
LEFT JOIN {{control}} AS c ON c.source_table = r.source_table
WHERE r.run_id = $1
FOR SHARE OF r
