SELECT CAST(u.processing_status AS CHAR) FROM {{input}} AS u FORCE INDEX ({{input_key}}) WHERE u.user_id = $1
