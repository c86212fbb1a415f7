-- Pending users of no open claim: looked for without a lock, then locked by the key and by no other index. The next statement looks
-- at them once more, and sees fresh claims. The inner LIMIT also keeps the server from making one read of the two.
SELECT u.user_id
FROM (
    SELECT p.user_id
    FROM {{input}} AS p FORCE INDEX ({{unsettled}})
    WHERE p.processing_status = 'pending'
      AND NOT EXISTS (SELECT 1 FROM {{claims}} AS c JOIN {{runs}} AS r ON r.run_id = c.run_id
              WHERE c.claim_id = p.claim_id AND c.state = 'open' AND r.source_table = {{source_table_literal}})
    ORDER BY p.user_id
    LIMIT 10000
) AS orphan
STRAIGHT_JOIN {{input}} AS u FORCE INDEX ({{input_key}}) ON u.user_id = orphan.user_id
WHERE u.processing_status = 'pending'
FOR UPDATE SKIP LOCKED
