INSERT INTO {{claims}} (claim_id, run_id, owner, users, first_user_id, last_user_id, claimed_at)
VALUES ($1, $2, $3, $4, $5, $6, UTC_TIMESTAMP(6))
