-- A run at which no live instance has worked for the configured time. A pause is no reason: nobody is to work in it.
UPDATE {{runs}} AS r
SET state = 'abandoned', closed_by = $2, closed_at = clock_timestamp(), reason = 'no live instance worked at it'
WHERE r.source_table = $1
  AND r.state = 'open'
  AND r.opened_at < clock_timestamp() - make_interval(secs => $3)
  AND NOT EXISTS (SELECT FROM {{control}} AS o WHERE o.source_table = r.source_table AND o.paused)
  AND NOT EXISTS (
      SELECT FROM {{claims}} AS c
      LEFT JOIN {{instances}} AS i ON i.instance_id = c.owner
      WHERE c.run_id = r.run_id
        AND (coalesce(c.closed_at, c.claimed_at) >= clock_timestamp() - make_interval(secs => $3)
             OR i.lease_until >= clock_timestamp() - make_interval(secs => $3)))
RETURNING r.run_id
