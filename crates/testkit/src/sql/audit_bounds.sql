-- Whoever is not settled has spent fewer attempts than fail a user, and fewer crashes than condemn one.
SELECT format('user %L is %s with attempts %s, crashes %s', user_id, processing_status, attempts, crashes)
FROM {{input}}
WHERE attempts NOT BETWEEN 0 AND 2 OR crashes NOT BETWEEN 0 AND 8
