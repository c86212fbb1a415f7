-- What failed in a run, by cause; digits are folded, so that "only 7 eligible cards" and "only 8" are one cause.
SELECT regexp_replace(coalesce(u.processing_error, ''), '[0-9]+', 'N', 'g') AS cause, count(*), min(u.user_id)
FROM {{input}} AS u
JOIN {{claims}} AS c ON c.claim_id = u.claim_id
WHERE u.processing_status = 'failed' AND c.run_id = $1
GROUP BY cause
ORDER BY count(*) DESC, cause
LIMIT 20
