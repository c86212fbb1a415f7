WITH old AS MATERIALIZED (
    SELECT f.claim_id, f.part FROM {{fence}} AS f
    WHERE f.written_at < clock_timestamp() - make_interval(secs => $1)
    ORDER BY f.written_at
    LIMIT $2
    FOR UPDATE SKIP LOCKED
)
DELETE FROM {{fence}} AS d USING old WHERE d.claim_id = old.claim_id AND d.part = old.part
