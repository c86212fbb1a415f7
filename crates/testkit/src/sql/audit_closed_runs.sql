SELECT format('claim %s is open, and its run %s is %s', c.claim_id, r.run_id, r.state)
FROM {{claims}} AS c
JOIN {{runs}} AS r ON r.run_id = c.run_id
WHERE c.state = 'open' AND r.state <> 'open'
