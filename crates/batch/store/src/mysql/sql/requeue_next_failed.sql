-- The user at which a step of requeue_failed.sql begins. Of failed users with and without crashes: see there.
SELECT looked_at.user_id
FROM (
    (SELECT user_id FROM {{input}} FORCE INDEX ({{unsettled}})
        WHERE processing_status = 'failed' AND crashes = 0 AND ($1 IS NULL OR (user_id >= $1 AND user_id <> $1))
        ORDER BY user_id LIMIT 1)
    UNION ALL
    (SELECT user_id FROM {{input}} FORCE INDEX ({{unsettled}})
        WHERE processing_status = 'failed' AND crashes <> 0 AND ($1 IS NULL OR (user_id >= $1 AND user_id <> $1))
        ORDER BY user_id LIMIT 1)
) AS looked_at
ORDER BY looked_at.user_id
LIMIT 1
