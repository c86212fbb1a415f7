-- I2: nobody else has a part of ten rows.
SELECT format('user %L is not completed and has the ranks %s', o.user_id, array_agg(o."rank" ORDER BY o."rank")::text)
FROM {{output}} AS o
WHERE NOT EXISTS (SELECT FROM unnest($1::text[]) AS completed (user_id) WHERE completed.user_id = o.user_id)
GROUP BY o.user_id
HAVING array_agg(o."rank"::integer ORDER BY o."rank") <> '{1,2,3,4,5,6,7,8,9,10}'
