-- The users of a list: see requeue_failed.sql.
WITH wanted AS MATERIALIZED (
    SELECT l.user_id FROM {{input}} AS l
    WHERE l.user_id = ANY ($1::text[]) AND l.processing_status IN ('completed', 'failed')
), held AS MATERIALIZED (
    SELECT h.user_id
    FROM {{input}} AS h
    WHERE h.user_id = ANY ($1::text[]) AND h.processing_status IN ('completed', 'failed')
    ORDER BY h.user_id
    FOR NO KEY UPDATE SKIP LOCKED
), set_new AS (
    UPDATE {{input}} AS u
    SET processing_status = 'new', attempts = 0, crashes = 0
    FROM held
    WHERE u.user_id = held.user_id
    RETURNING u.user_id
)
SELECT (SELECT count(*) FROM set_new), (SELECT count(*) FROM wanted) - (SELECT count(*) FROM set_new)
