SELECT coalesce(array_agg(user_id::text), '{}') FROM {{input}} WHERE processing_status = 'completed'
