-- Every completed user has exactly the ranks 1 to 10.
SELECT format('user %L is completed and has the ranks %s', wanted.user_id, coalesce(had.ranks::text, 'none'))
FROM unnest($1::text[]) AS wanted (user_id)
LEFT JOIN (SELECT user_id::text, array_agg("rank"::integer ORDER BY "rank") AS ranks FROM {{output}} GROUP BY user_id) AS had
    ON had.user_id = wanted.user_id
WHERE had.ranks IS DISTINCT FROM '{1,2,3,4,5,6,7,8,9,10}'
