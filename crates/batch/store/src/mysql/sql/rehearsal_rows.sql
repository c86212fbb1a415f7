SELECT COUNT(*) FROM {{output}} AS o FORCE INDEX ({{output_key}}) WHERE o.user_id = $1
