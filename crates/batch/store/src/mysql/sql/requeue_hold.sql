-- Of the users that a step asks for, those that can be had and still are what they were.
SELECT u.user_id
FROM {{input}} AS u FORCE INDEX ({{input_key}})
WHERE u.user_id IN ($1) AND u.processing_status IN ('completed', 'failed')
ORDER BY u.user_id
FOR UPDATE SKIP LOCKED
