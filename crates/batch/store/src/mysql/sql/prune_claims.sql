-- The oldest closed claims, but for those of an open run, whose sums are over them. Users keep their claim_id: it names a claim
-- that is forgotten. Who is locked is passed over, as open claims are for as long as their chunk is loaded.
DELETE d
FROM (
    SELECT c.claim_id FROM {{claims}} AS c FORCE INDEX (cardgenius_claims_closed_at)
    WHERE c.closed_at < UTC_TIMESTAMP(6) - INTERVAL $1 * 1e6 MICROSECOND
      AND NOT EXISTS (SELECT 1 FROM {{runs}} AS r WHERE r.run_id = c.run_id AND r.state = 'open')
    ORDER BY c.closed_at
    LIMIT $2
    FOR UPDATE SKIP LOCKED
) AS old
STRAIGHT_JOIN {{claims}} AS d ON d.claim_id = old.claim_id
