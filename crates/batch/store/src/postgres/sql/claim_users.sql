-- Takes the next users in key order, passing over those that somebody holds locked. The CTE is a fence: the locking
-- select runs once, whatever the planner thinks. NO KEY: the customer's foreign-key inserts go on.
-- The status is held to 'new' from both sides, not by an equality, which says the same but would leave the order to the key's
-- index too: that one leads through everybody, and old statistics make the planner take it (docs/adr/0004).
-- It begins after $2, or at $6 if that is further on. Which of the two is said by the order of the user_id, which is the only one that
-- has a collation here: greatest() passes over the NULL that the empty select is, and over a bound that is NULL. Where both are, the
-- claim begins at the front: no text of this server sorts before the empty one, and a user whose id is empty is among those found.
-- Users whose keys $7 lists, as the bytes that they are stored as, are passed by: the database has refused their claim before.
-- Found again by their place, which their locks hold still: half the price of finding each by its key once more, and never by
-- reading the whole table for a join. The part of the table tells places in different partitions apart (docs/adr/0016).
WITH picked AS MATERIALIZED (
    SELECT user_id, ctid AS tid, tableoid AS part
    FROM {{input}}
    WHERE (processing_status, user_id) >= ('new', greatest((SELECT user_id FROM {{input}} WHERE false), $2, $6, ''))
      AND processing_status <= 'new' AND processing_status <> 'completed'
      AND ($2 IS NULL OR user_id <> $2) AND crashes BETWEEN $3 AND $4
      AND user_id NOT IN (SELECT convert_from(decode(passed_by.token, 'hex'), 'SQL_ASCII') FROM unnest($7::text[]) AS passed_by (token))
    ORDER BY processing_status, user_id
    LIMIT $5
    FOR NO KEY UPDATE SKIP LOCKED
), numbered AS MATERIALIZED (
    SELECT tid, part, row_number() OVER () AS place FROM picked
)
UPDATE {{input}} AS u
SET processing_status = 'pending', claim_id = $1, processing_error = NULL
FROM numbered
WHERE u.ctid = numbered.tid AND u.tableoid = numbered.part
RETURNING numbered.place, u.user_id, u.avg_amazon_gmv::numeric, u.avg_flipkart_gmv::numeric,
    u.avg_myntra_gmv::numeric, u.avg_ajio_gmv::numeric,
    u.avg_grocery_gmv::numeric, u.avg_confirmed_gmv::numeric, {{monthly_income}}, {{credit_score}}, u.processed_at IS NOT NULL
