-- Of these users, those that are new and whose rows can be locked now. The transaction is rolled back.
SELECT u.user_id
FROM {{input}} AS u FORCE INDEX ({{input_key}})
WHERE u.user_id IN ($1) AND u.processing_status = 'new'
FOR UPDATE SKIP LOCKED
