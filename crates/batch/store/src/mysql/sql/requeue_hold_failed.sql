-- As requeue_hold, of a step over the failed.
SELECT u.user_id
FROM {{input}} AS u FORCE INDEX ({{input_key}})
WHERE u.user_id IN ($1) AND u.processing_status = 'failed'
ORDER BY u.user_id
FOR UPDATE SKIP LOCKED
