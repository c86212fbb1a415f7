-- Pending users of no open claim. Locked here, and looked at once more by the next statement, which sees fresh claims.
SELECT u.user_id
FROM {{input}} AS u
WHERE u.processing_status = 'pending'
  AND NOT EXISTS (SELECT FROM {{claims}} AS c WHERE c.claim_id = u.claim_id AND c.state = 'open')
ORDER BY u.user_id
LIMIT 10000
FOR NO KEY UPDATE OF u SKIP LOCKED
