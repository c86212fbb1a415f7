-- Whether the user has a status, and the status as it is written.
SELECT coalesce(processing_status::text = $2::text, false), processing_status::text FROM {{input}} WHERE user_id = $1
