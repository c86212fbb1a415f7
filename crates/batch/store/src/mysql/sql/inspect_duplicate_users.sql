SELECT user_id FROM {{input}} WHERE user_id IS NOT NULL GROUP BY user_id HAVING COUNT(*) > 1 LIMIT 1
