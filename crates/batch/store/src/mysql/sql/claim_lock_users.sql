-- Locks those candidates that are still to be had, in key order, passing over those that somebody holds locked. By the key and by
-- no other index: a claim that locked through another one, and a finish by the key, would wait for each other (MySQL's bug
-- 111637). The figures as their exact text, whatever type the columns have.
SELECT u.user_id, CAST(u.avg_amazon_gmv AS CHAR), CAST(u.avg_flipkart_gmv AS CHAR), CAST(u.avg_myntra_gmv AS CHAR),
    CAST(u.avg_ajio_gmv AS CHAR), CAST(u.avg_grocery_gmv AS CHAR), CAST(u.avg_confirmed_gmv AS CHAR),
    {{monthly_income}}, {{credit_score}}, u.processed_at IS NOT NULL
FROM {{input}} AS u FORCE INDEX ({{input_key}})
WHERE u.user_id IN ($1) AND u.processing_status = 'new' AND u.crashes BETWEEN $2 AND $3
ORDER BY u.user_id
FOR UPDATE SKIP LOCKED
