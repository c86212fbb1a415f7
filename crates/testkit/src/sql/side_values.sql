-- Users as the values of an INSERT on a server of another kind, a line a user.
SELECT format('(%L, %s, %s, %s, %s, %s, %s)', user_id, coalesce(avg_amazon_gmv::text, 'NULL'), coalesce(avg_flipkart_gmv::text, 'NULL'),
    coalesce(avg_myntra_gmv::text, 'NULL'), coalesce(avg_ajio_gmv::text, 'NULL'), coalesce(avg_grocery_gmv::text, 'NULL'),
    coalesce(avg_confirmed_gmv::text, 'NULL'))
FROM {{input}}
ORDER BY user_id
