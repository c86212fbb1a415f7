SELECT count(*) FROM {{output}} WHERE user_id = $1
