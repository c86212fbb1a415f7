-- Whether the user has a status, as the server compares it, and the status as it is written.
SELECT COALESCE(u.processing_status = $2, FALSE), CAST(u.processing_status AS CHAR)
FROM {{input}} AS u FORCE INDEX ({{input_key}}) WHERE u.user_id = $1
