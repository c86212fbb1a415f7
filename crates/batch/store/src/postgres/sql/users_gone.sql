-- Of these users, those that the customer has deleted.
SELECT listed.user_id
FROM unnest($1::text[]) AS listed (user_id)
WHERE NOT EXISTS (SELECT FROM {{input}} AS u WHERE u.user_id = listed.user_id)
