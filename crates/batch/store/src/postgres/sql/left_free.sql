-- Of these users, those that are new and whose rows can be locked now. The transaction is rolled back.
SELECT listed.token
FROM unnest($1::text[]) AS listed (token)
JOIN {{input}} AS u ON u.user_id = convert_from(decode(listed.token, 'hex'), 'SQL_ASCII')
WHERE u.processing_status = 'new'
FOR NO KEY UPDATE OF u SKIP LOCKED
