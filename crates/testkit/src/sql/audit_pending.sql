-- I1, I5: whoever is pending is held by an open claim.
SELECT format('user %L is pending without an open claim (claim %s)', u.user_id, coalesce(u.claim_id::text, 'none'))
FROM {{input}} AS u
WHERE u.processing_status = 'pending'
    AND NOT EXISTS (SELECT FROM {{claims}} AS c WHERE c.claim_id = u.claim_id AND c.state = 'open')
