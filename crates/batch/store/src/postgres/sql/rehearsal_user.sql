-- The next user that no instance and no other session holds. Locked as a claim locks: the customer's foreign-key inserts go on.
SELECT user_id::text
FROM {{input}}
WHERE user_id > $1 AND processing_status <> 'pending'
ORDER BY user_id
LIMIT 1
FOR NO KEY UPDATE SKIP LOCKED
