-- Open claims over this table whose owner's lease has run out, or who has no row at all.
SELECT c.claim_id, c.owner
FROM {{claims}} AS c
JOIN {{runs}} AS r ON r.run_id = c.run_id
LEFT JOIN {{instances}} AS i ON i.instance_id = c.owner
WHERE c.state = 'open' AND r.source_table = $1 AND (i.lease_until IS NULL OR i.lease_until < UTC_TIMESTAMP(6))
ORDER BY c.claimed_at
LIMIT 1000
