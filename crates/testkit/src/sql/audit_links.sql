-- I3: whom a claim settled still points to it, or has been set anew since: never more than it says.
SELECT format('claim %s says %s completed and %s failed, and %s and %s users say so',
    c.claim_id, c.completed, c.failed, settled.completed, settled.failed)
FROM {{claims}} AS c
JOIN (
    SELECT claim_id, count(*) FILTER (WHERE processing_status = 'completed') AS completed,
        count(*) FILTER (WHERE processing_status = 'failed') AS failed
    FROM {{input}}
    GROUP BY claim_id
) AS settled ON settled.claim_id = c.claim_id
WHERE settled.completed > c.completed OR settled.failed > c.failed
