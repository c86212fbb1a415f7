-- Instances whose lease has run out and that still have sessions here, with a claim or without one: a client frozen in the
-- middle of a claim or of closing a run holds users or the run locked. Those of the last day only: each costs 64 questions. Who is
-- dead for longer and holds a claim is found by it.
WITH RECURSIVE slots AS (
    SELECT 0 AS slot UNION ALL SELECT slot + 1 FROM slots WHERE slot < 63
)
SELECT i.instance_id
FROM {{instances}} AS i
WHERE i.lease_until < UTC_TIMESTAMP(6) AND i.renewed_at > UTC_TIMESTAMP(6) - INTERVAL 1 DAY
  AND EXISTS (SELECT 1 FROM slots AS s WHERE IS_USED_LOCK(CONCAT($1, i.instance_id, '/', s.slot)) IS NOT NULL)
