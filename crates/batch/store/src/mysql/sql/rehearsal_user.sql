-- The next user that no instance and no other session holds.
SELECT u.user_id
FROM {{input}} AS u FORCE INDEX ({{input_key}})
WHERE u.user_id > $1 AND u.processing_status <> 'pending'
ORDER BY u.user_id
LIMIT 1
FOR UPDATE SKIP LOCKED
