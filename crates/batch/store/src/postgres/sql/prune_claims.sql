-- The oldest closed claims, but for those of an open run, whose sums are over them. Users keep their claim_id: it names a claim
-- that is forgotten.
WITH old AS MATERIALIZED (
    SELECT c.claim_id FROM {{claims}} AS c
    WHERE c.state <> 'open' AND c.closed_at < clock_timestamp() - make_interval(secs => $1)
      AND NOT EXISTS (SELECT FROM {{runs}} AS r WHERE r.run_id = c.run_id AND r.state = 'open')
    ORDER BY c.closed_at
    LIMIT $2
    FOR UPDATE OF c SKIP LOCKED
)
DELETE FROM {{claims}} AS c USING old WHERE c.claim_id = old.claim_id
