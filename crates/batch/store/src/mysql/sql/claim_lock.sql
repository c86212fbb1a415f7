-- The fence of a finish, a sweep and a look-up: one at a time holds the claim's row, and reads it fresh.
SELECT owner, state, users, first_user_id, last_user_id, parts, completed, failed, superseded, returned, left_locked,
    run_id
FROM {{claims}}
WHERE claim_id = $1
FOR UPDATE
