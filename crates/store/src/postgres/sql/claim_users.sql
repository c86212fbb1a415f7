-- Takes the next users in key order, passing over those that somebody holds locked. The CTE is a fence: the locking
-- select runs once, whatever the planner thinks. NO KEY: the customer's foreign-key inserts go on.
-- Found again by their place, which their locks hold still: half the price of finding each by its key once more. The part of
-- the table tells places in different partitions apart, and the key lets the planner look into one partition only.
WITH picked AS MATERIALIZED (
    SELECT user_id, ctid AS tid, tableoid AS part
    FROM {{input}}
    WHERE processing_status = 'new' AND user_id >= $2 AND (user_id <> $2 OR $2 = '') AND crashes BETWEEN $3 AND $4
    ORDER BY user_id
    LIMIT $5
    FOR NO KEY UPDATE SKIP LOCKED
), numbered AS MATERIALIZED (
    SELECT user_id, tid, part, row_number() OVER () AS place FROM picked
)
UPDATE {{input}} AS u
SET processing_status = 'pending', claim_id = $1, processing_error = NULL
FROM numbered
WHERE u.ctid = numbered.tid AND u.tableoid = numbered.part AND u.user_id = numbered.user_id
RETURNING numbered.place, u.user_id, u.avg_amazon_gmv::numeric, u.avg_flipkart_gmv::numeric,
    u.avg_myntra_gmv::numeric, u.avg_ajio_gmv::numeric,
    u.avg_grocery_gmv::numeric, u.avg_confirmed_gmv::numeric, {{monthly_income}}, {{credit_score}}, u.processed_at IS NOT NULL
