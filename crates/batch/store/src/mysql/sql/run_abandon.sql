-- A run at which no live instance has worked for the configured time. A pause is no reason: nobody is to work in it. Looked for
-- without a lock, and nothing is locked where there is none: claims hold the run's row all the time. The LIMIT keeps the
-- server from taking the look for a part of the UPDATE, which may not read its own table.
UPDATE {{runs}}
SET state = 'abandoned', closed_by = $2, closed_at = UTC_TIMESTAMP(6), reason = 'no live instance worked at it'
WHERE state = 'open' AND run_id = (
    SELECT old.run_id
    FROM (
        SELECT r.run_id
        FROM {{runs}} AS r
        WHERE r.open_source = $1
          AND r.opened_at < UTC_TIMESTAMP(6) - INTERVAL $3 * 1e6 MICROSECOND
          AND NOT EXISTS (SELECT 1 FROM {{control}} AS o WHERE o.source_table = $1 AND o.paused)
          AND NOT EXISTS (
              SELECT 1 FROM {{claims}} AS c
              LEFT JOIN {{instances}} AS i ON i.instance_id = c.owner
              WHERE c.run_id = r.run_id
                AND (COALESCE(c.closed_at, c.claimed_at) >= UTC_TIMESTAMP(6) - INTERVAL $3 * 1e6 MICROSECOND
                     OR i.lease_until >= UTC_TIMESTAMP(6) - INTERVAL $3 * 1e6 MICROSECOND))
        LIMIT 1
    ) AS old)
