-- The oldest closed claims. Users keep their claim_id: it names a claim that is forgotten.
WITH old AS MATERIALIZED (
    SELECT claim_id FROM {{claims}}
    WHERE state <> 'open' AND closed_at < clock_timestamp() - make_interval(secs => $1)
    ORDER BY closed_at
    LIMIT $2
    FOR UPDATE SKIP LOCKED
)
DELETE FROM {{claims}} AS c USING old WHERE c.claim_id = old.claim_id
