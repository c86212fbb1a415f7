-- The user at which a step of requeue_everybody.sql begins.
SELECT u.user_id
FROM {{input}} AS u FORCE INDEX ({{input_key}})
WHERE ($1 IS NULL OR (u.user_id >= $1 AND u.user_id <> $1))
ORDER BY u.user_id
LIMIT 1
