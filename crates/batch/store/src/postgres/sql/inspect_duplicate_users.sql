-- One is enough to name.
SELECT user_id::text FROM {{input}} WHERE user_id IS NOT NULL GROUP BY user_id HAVING count(*) > 1 LIMIT 1
