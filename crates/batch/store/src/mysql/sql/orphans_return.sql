UPDATE {{input}} AS u FORCE INDEX ({{input_key}})
SET u.processing_status = 'new', u.claim_id = NULL
WHERE u.user_id IN ($1)
  AND u.processing_status = 'pending'
  AND NOT EXISTS (SELECT 1 FROM {{claims}} AS c JOIN {{runs}} AS r ON r.run_id = c.run_id
              WHERE c.claim_id = u.claim_id AND c.state = 'open' AND r.source_table = {{source_table_literal}})
