-- One step over the failed users, in key order: looks at $2 of them after the cursor; the second column is whether the user is asked
-- for. Locks nothing: requeue_hold_failed does, and requeue_set sets them to new. Who has failed has no crashes any more, unless
-- somebody set it so by hand: see claim_candidates.sql for why the two are asked for apart.
SELECT u.user_id,
    COALESCE(
        ($3 IS NULL OR LOWER(u.processing_error) LIKE LOWER($3)
            OR LOWER(REGEXP_REPLACE(u.processing_error, '[0-9][0-9.,]*', 'N')) LIKE LOWER($3))
        AND ($4 IS NULL OR EXISTS (SELECT 1 FROM {{claims}} AS c WHERE c.claim_id = u.claim_id AND c.run_id = $4)), FALSE)
FROM (
    (SELECT user_id FROM {{input}} FORCE INDEX ({{unsettled}})
        WHERE processing_status = 'failed' AND crashes = 0 AND ($1 IS NULL OR (user_id >= $1 AND user_id <> $1))
        ORDER BY user_id LIMIT $2)
    UNION ALL
    (SELECT user_id FROM {{input}} FORCE INDEX ({{unsettled}})
        WHERE processing_status = 'failed' AND crashes <> 0 AND ($1 IS NULL OR (user_id >= $1 AND user_id <> $1))
        ORDER BY user_id LIMIT $2)
    ORDER BY user_id LIMIT $2
) AS looked_at
STRAIGHT_JOIN {{input}} AS u FORCE INDEX ({{input_key}}) ON u.user_id = looked_at.user_id
ORDER BY looked_at.user_id
