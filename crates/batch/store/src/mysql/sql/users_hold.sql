-- The claim's users that can be had now; those that somebody holds locked stay with the claim. Looked for without a lock by the
-- index over the unsettled, for between the first and the last key may lie the whole table; then locked by the key and by no other
-- index. What is said of the crashes excludes nobody, and lets the index go straight to the keys of those without any. The
-- inner LIMIT keeps the server from making one read of the two.
SELECT u.user_id
FROM (
    SELECT p.user_id
    FROM {{input}} AS p FORCE INDEX ({{unsettled}})
    WHERE p.processing_status = 'pending' AND (p.crashes = 0 OR p.crashes < 0 OR p.crashes > 0)
      AND p.user_id >= $2 AND p.user_id <= $3 AND p.claim_id = $1
    ORDER BY p.user_id
    LIMIT 18446744073709551615
) AS seen
STRAIGHT_JOIN {{input}} AS u FORCE INDEX ({{input_key}}) ON u.user_id = seen.user_id
WHERE u.claim_id = $1 AND u.processing_status = 'pending'
FOR UPDATE SKIP LOCKED
