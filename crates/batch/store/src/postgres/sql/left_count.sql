-- Users that are new, and users that are pending without a claim that holds them. By the partial index.
SELECT count(*) FILTER (WHERE u.processing_status = 'new'),
    count(*) FILTER (WHERE u.processing_status = 'pending'
        AND NOT EXISTS (SELECT FROM {{claims}} AS c WHERE c.claim_id = u.claim_id AND c.state = 'open'))
FROM {{input}} AS u
WHERE u.processing_status IN ('new', 'pending')
