-- Users numbered $1 to $2, in key order; every $3rd is new, up to the $4th of them, and the others were completed long ago.
-- Every second one of the new had been processed before. Amounts from the number and the seed ($5): three sizes, some NULL,
-- some zero.
INSERT INTO user_spending_data (user_id, avg_amazon_gmv, avg_flipkart_gmv, avg_myntra_gmv, avg_ajio_gmv, avg_grocery_gmv,
    avg_confirmed_gmv, processing_status, processed_at)
SELECT 'CK' || (100000000 + n),
    CASE WHEN h % 31 <> 0 THEN h % 900000 * 0.01 END,
    CASE WHEN h % 5 = 0 THEN 0 ELSE h % 700001 * 0.01 END,
    CASE WHEN h % 2 = 0 THEN 0 ELSE h % 300007 * 0.01 END,
    CASE WHEN h % 3 = 0 THEN h % 200003 * 0.01 ELSE 0 END,
    CASE WHEN h % 4 <> 0 THEN h % 600011 * 0.01 END,
    CASE WHEN h % 47 <> 0 THEN h % 2500009 * 0.01 END,
    CASE WHEN is_new THEN 'new' ELSE 'completed' END::processing_status,
    CASE WHEN NOT is_new OR n / $3::bigint % 2 = 1 THEN TIMESTAMPTZ '2026-01-05 02:00:00+05:30' END
FROM generate_series($1::bigint, $2::bigint) AS n
CROSS JOIN LATERAL (
    SELECT abs(hashint8extended(n, $5::bigint) % 1000000007) AS h, n % $3::bigint = 0 AND n / $3::bigint <= $4::bigint AS is_new
) AS drawn
