INSERT INTO {{audit}} (happened_at, actor, action, run_id, detail)
VALUES (UTC_TIMESTAMP(6), CONCAT(USER(), ' (', $1, ')'), $2, $3, $4)
