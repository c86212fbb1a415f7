-- Six pseudo-random numbers a user, from its number and the seed ($2); of three sizes, some NULL, some zero.
INSERT INTO {{input}} (user_id, avg_amazon_gmv, avg_flipkart_gmv, avg_myntra_gmv, avg_ajio_gmv, avg_grocery_gmv, avg_confirmed_gmv)
SELECT 'CK' || lpad(n::text, 7, '0'), a[1], a[2], a[3], a[4], a[5], a[6]
FROM generate_series(1, $1::bigint) AS n
CROSS JOIN LATERAL (
    SELECT array_agg(
        CASE
            WHEN h % 23 = 0 THEN NULL
            WHEN h % 23 < 4 THEN 0
            ELSE round((h % 10007) * 37 / 100.0 / 10::numeric ^ (h % 3) * CASE WHEN place = 6 THEN 4 ELSE 1 END, 2)
        END ORDER BY place) AS a
    FROM generate_series(1, 6) AS place
    CROSS JOIN LATERAL (SELECT abs(hashint8extended(n * 8 + place, $2::bigint) % 1000000007) AS h) AS hashed
) AS amounts
