-- Of these users, those that a row has the key of.
SELECT u.user_id FROM {{input}} AS u FORCE INDEX ({{input_key}}) WHERE u.user_id IN ($1)
