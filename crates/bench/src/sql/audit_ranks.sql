-- Users with rows that are not ranks 1 to 10, once each.
SELECT count(*), min(user_id)::text
FROM (
    SELECT user_id
    FROM card_recommendations
    GROUP BY user_id
    HAVING count(*) <> 10 OR bit_or(1 << "rank") <> 2046
) AS wrong
