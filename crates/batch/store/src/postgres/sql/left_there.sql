-- Of these users, those that a row has the key of.
SELECT listed.token
FROM unnest($1::text[]) AS listed (token)
JOIN {{input}} AS u ON u.user_id = convert_from(decode(listed.token, 'hex'), 'SQL_ASCII')
