-- The user at which a step of requeue_failed.sql begins.
SELECT user_id::text
FROM {{input}}
WHERE processing_status = 'failed' AND user_id >= coalesce((SELECT user_id FROM {{input}} WHERE false), $1, '') AND ($1 IS NULL OR user_id <> $1)
ORDER BY user_id
LIMIT 1
