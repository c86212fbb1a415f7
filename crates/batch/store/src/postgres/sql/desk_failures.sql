-- Who is failed, by cause; numbers are folded, so that "only 7 eligible cards" and "only 8" are one cause. Of each cause the words
-- of one user are given: what of them may be shown is decided there (pipeline, redaction.rs).
SELECT min(p.reason), count(*), array_agg(p.user_id ORDER BY p.place) FILTER (WHERE p.place <= 3)
FROM (
    SELECT f.cause, f.reason, f.user_id, row_number() OVER (PARTITION BY f.cause ORDER BY f.user_id) AS place
    FROM (
        SELECT regexp_replace(coalesce(u.processing_error, ''), '[0-9][0-9.,]*', 'N', 'g') AS cause,
            coalesce(u.processing_error, '') AS reason, u.user_id::text AS user_id
        FROM {{input}} AS u
        WHERE u.processing_status = 'failed'
          AND ($1::uuid IS NULL OR EXISTS (SELECT FROM {{claims}} AS c WHERE c.claim_id = u.claim_id AND c.run_id = $1))
    ) AS f
) AS p
GROUP BY p.cause
ORDER BY count(*) DESC, p.cause
LIMIT 100
