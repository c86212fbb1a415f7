-- I2: whoever looks sees none or all ten rows of a user.
SELECT format('user %L with the ranks %s', user_id, array_agg("rank" ORDER BY "rank")::text)
FROM {{output}}
GROUP BY user_id
HAVING array_agg("rank"::integer ORDER BY "rank") <> '{1,2,3,4,5,6,7,8,9,10}'
