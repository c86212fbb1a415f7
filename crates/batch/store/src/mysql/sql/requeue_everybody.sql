-- One step over all users, by the primary key: looks at $2 of them after the cursor; the second column is whether the user is
-- asked for. Whoever is pending is left to its claim. Locks nothing: requeue_hold does, and requeue_set sets them to new.
SELECT u.user_id, u.processing_status IN ('completed', 'failed')
FROM {{input}} AS u FORCE INDEX ({{input_key}})
WHERE ($1 IS NULL OR (u.user_id >= $1 AND u.user_id <> $1))
ORDER BY u.user_id
LIMIT $2
