DELETE FROM {{output}} WHERE user_id = ANY ($1::text[])
