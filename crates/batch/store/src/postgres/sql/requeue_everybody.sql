-- One step over all users, by the primary key: see requeue_failed.sql. Whoever is pending is left to its claim.
WITH looked_at AS MATERIALIZED (
    SELECT user_id, processing_status
    FROM {{input}}
    WHERE user_id >= coalesce((SELECT user_id FROM {{input}} WHERE false), $1, '') AND ($1 IS NULL OR user_id <> $1)
    ORDER BY user_id
    LIMIT $2
), wanted AS MATERIALIZED (
    SELECT l.user_id FROM looked_at AS l WHERE l.processing_status IN ('completed', 'failed')
), readable AS (
    -- A client reads no key that is not UTF-8, which only a database without an encoding has: see inspect_unreadable_user.sql.
    SELECT l.user_id FROM looked_at AS l
    WHERE CASE WHEN getdatabaseencoding() = 'SQL_ASCII' THEN l.user_id::text
        ~ '^([\u0001-\u007F]|[\u00C2-\u00DF][\u0080-\u00BF]|\u00E0[\u00A0-\u00BF][\u0080-\u00BF]|[\u00E1-\u00EC\u00EE\u00EF][\u0080-\u00BF]{2}|\u00ED[\u0080-\u009F][\u0080-\u00BF]|\u00F0[\u0090-\u00BF][\u0080-\u00BF]{2}|[\u00F1-\u00F3][\u0080-\u00BF]{3}|\u00F4[\u0080-\u008F][\u0080-\u00BF]{2})*$'
        ELSE true END
), held AS MATERIALIZED (
    SELECT h.user_id
    FROM {{input}} AS h
    WHERE h.user_id IN (SELECT w.user_id FROM wanted AS w) AND h.processing_status IN ('completed', 'failed')
    ORDER BY h.user_id
    FOR NO KEY UPDATE SKIP LOCKED
), set_new AS (
    UPDATE {{input}} AS u
    SET processing_status = 'new', attempts = 0, crashes = 0
    FROM held
    WHERE u.user_id = held.user_id
    RETURNING u.user_id
)
SELECT (SELECT count(*) FROM looked_at), (SELECT r.user_id FROM readable AS r ORDER BY r.user_id DESC LIMIT 1)::text,
    (SELECT count(*) FROM set_new), (SELECT count(*) FROM wanted) - (SELECT count(*) FROM set_new)
