-- The first new users, by the index over the unsettled and without a lock: the key to find the user by again, and as text for people.
SELECT user_id, user_id
FROM {{input}} FORCE INDEX ({{unsettled}})
WHERE processing_status = 'new'
ORDER BY processing_status, crashes, user_id
LIMIT $1
