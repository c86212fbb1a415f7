-- In words that every kind of database has: a line a claim, with its run's state.
SELECT concat_ws('|', cast(c.claim_id AS char(36)), c.state, r.state, c.users, c.completed, c.failed, c.superseded, c.returned, c.left_locked,
    c.rows_loaded)
FROM {{claims}} AS c
JOIN {{runs}} AS r ON r.run_id = c.run_id
