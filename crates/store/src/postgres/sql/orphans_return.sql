UPDATE {{input}} AS u
SET processing_status = 'new', claim_id = NULL
WHERE u.user_id = ANY ($1::text[])
  AND u.processing_status = 'pending'
  AND NOT EXISTS (SELECT FROM {{claims}} AS c WHERE c.claim_id = u.claim_id AND c.state = 'open')
