-- Of these users, those that the customer has not deleted.
SELECT u.user_id FROM {{input}} AS u FORCE INDEX ({{input_key}}) WHERE u.user_id IN ($1)
