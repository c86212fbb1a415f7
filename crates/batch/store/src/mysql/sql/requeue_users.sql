-- The users of a list that are asked for; then requeue_hold and requeue_set.
SELECT u.user_id
FROM {{input}} AS u FORCE INDEX ({{input_key}})
WHERE u.user_id IN ($1) AND u.processing_status IN ('completed', 'failed')
