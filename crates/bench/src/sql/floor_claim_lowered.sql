-- As by hand, but that the order can only be served by the index of the unsettled, whatever the statistics say, and that the
-- users are found again by their place, which their locks hold still.
WITH picked AS MATERIALIZED (
    SELECT user_id, ctid AS tid, tableoid AS part
    FROM user_spending_data
    WHERE (processing_status, user_id) > ('new', $2) AND processing_status <= 'new' AND processing_status <> 'completed'
    ORDER BY processing_status, user_id
    LIMIT $3
    FOR NO KEY UPDATE SKIP LOCKED
)
UPDATE user_spending_data AS u
SET processing_status = 'pending', claim_id = $1, processing_error = NULL
FROM picked
WHERE u.ctid = picked.tid AND u.tableoid = picked.part
RETURNING u.user_id, u.avg_amazon_gmv, u.avg_flipkart_gmv, u.avg_myntra_gmv, u.avg_ajio_gmv, u.avg_grocery_gmv,
    u.avg_confirmed_gmv, u.processed_at IS NOT NULL
