SELECT processing_status::text FROM {{input}} WHERE user_id = $1
