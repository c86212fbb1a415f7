-- Pending users of no open claim. Locked here, and looked at once more by the next statement, which sees fresh claims.
SELECT u.user_id
FROM {{input}} AS u
WHERE u.processing_status = 'pending'
  AND NOT EXISTS (SELECT FROM {{claims}} AS c JOIN {{runs}} AS r ON r.run_id = c.run_id
              WHERE c.claim_id = u.claim_id AND c.state = 'open' AND r.source_table = {{source_table_literal}})
ORDER BY u.user_id
LIMIT 10000
FOR NO KEY UPDATE OF u SKIP LOCKED
