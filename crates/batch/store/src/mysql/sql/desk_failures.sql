-- Who is failed, by cause; numbers are folded, so that "only 7 eligible cards" and "only 8" are one cause. Of each cause the words
-- of one user are given: what of them may be shown is decided there (pipeline, redaction.rs). The examples are a JSON
-- array, put together by hand: a JSON_ARRAYAGG has no order in MySQL, and a GROUP_CONCAT has an end at 1,024 bytes.
SELECT MIN(p.reason), COUNT(*), CONCAT('[', CONCAT_WS(',',
        MAX(CASE WHEN p.place = 1 THEN JSON_QUOTE(p.user_id) END),
        MAX(CASE WHEN p.place = 2 THEN JSON_QUOTE(p.user_id) END),
        MAX(CASE WHEN p.place = 3 THEN JSON_QUOTE(p.user_id) END)), ']')
FROM (
    SELECT f.cause, f.reason, f.user_id, ROW_NUMBER() OVER (PARTITION BY f.cause ORDER BY f.user_id) AS place
    FROM (
        SELECT REGEXP_REPLACE(COALESCE(u.processing_error, ''), '[0-9][0-9.,]*', 'N') AS cause,
            COALESCE(u.processing_error, '') AS reason, CAST(u.user_id AS CHAR) AS user_id
        FROM {{input}} AS u FORCE INDEX ({{unsettled}})
        WHERE u.processing_status = 'failed'
          AND ($1 IS NULL OR EXISTS (SELECT 1 FROM {{claims}} AS c WHERE c.claim_id = u.claim_id AND c.run_id = $1))
    ) AS f
) AS p
GROUP BY p.cause
ORDER BY COUNT(*) DESC, p.cause
LIMIT 100
