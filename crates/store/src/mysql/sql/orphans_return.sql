UPDATE {{input}} AS u FORCE INDEX ({{input_key}})
SET u.processing_status = 'new', u.claim_id = NULL
WHERE u.user_id IN ($1)
  AND u.processing_status = 'pending'
  AND NOT EXISTS (SELECT 1 FROM {{claims}} AS c WHERE c.claim_id = u.claim_id AND c.state = 'open')
