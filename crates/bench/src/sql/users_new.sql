-- The users that a run will find, in its order; amounts in paise, and whether there may be rows of an earlier time.
SELECT user_id, (avg_amazon_gmv * 100)::bigint, (avg_flipkart_gmv * 100)::bigint, (avg_myntra_gmv * 100)::bigint,
    (avg_ajio_gmv * 100)::bigint, (avg_grocery_gmv * 100)::bigint, (avg_confirmed_gmv * 100)::bigint, processed_at IS NOT NULL
FROM user_spending_data
WHERE processing_status = 'new'
ORDER BY user_id
