-- The first new users, by the partial index: the key as the bytes that it is stored as, and as text for people. The status is held to
-- 'new' from both sides for the reason that claim_users.sql gives.
SELECT encode(convert_to(user_id::text, 'SQL_ASCII'), 'hex'),
    CASE WHEN getdatabaseencoding() = 'SQL_ASCII' THEN encode(convert_to(user_id::text, 'SQL_ASCII'), 'escape') ELSE user_id::text END
FROM {{input}}
WHERE processing_status >= 'new' AND processing_status <= 'new' AND processing_status <> 'completed'
ORDER BY processing_status, user_id
LIMIT $1
