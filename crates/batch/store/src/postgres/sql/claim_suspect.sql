-- After a claim that was refused: the one user that it was for, as claim_users.sql finds it. Its key comes as the bytes that it is
-- stored as, which no encoding can refuse, and as text for people.
SELECT encode(convert_to(user_id::text, 'SQL_ASCII'), 'hex'),
    CASE WHEN getdatabaseencoding() = 'SQL_ASCII' THEN encode(convert_to(user_id::text, 'SQL_ASCII'), 'escape') ELSE user_id::text END
FROM {{input}}
WHERE (processing_status, user_id) >= ('new', greatest((SELECT user_id FROM {{input}} WHERE false), $1, $4, ''))
  AND processing_status <= 'new' AND processing_status <> 'completed'
  AND ($1 IS NULL OR user_id <> $1) AND crashes BETWEEN $2 AND $3
  AND user_id NOT IN (SELECT convert_from(decode(passed_by.token, 'hex'), 'SQL_ASCII') FROM unnest($5::text[]) AS passed_by (token))
ORDER BY processing_status, user_id
LIMIT 1
FOR NO KEY UPDATE SKIP LOCKED
