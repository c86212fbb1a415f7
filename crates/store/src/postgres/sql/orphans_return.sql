UPDATE {{input}} AS u
SET processing_status = 'new', claim_id = NULL
FROM unnest($1::text[]) AS listed (user_id)
WHERE u.user_id = listed.user_id
  AND u.processing_status = 'pending'
  AND NOT EXISTS (SELECT FROM {{claims}} AS c WHERE c.claim_id = u.claim_id AND c.state = 'open')
