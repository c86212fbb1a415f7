UPDATE {{input}} AS u
SET processing_status = 'new', claim_id = NULL
FROM unnest($1::text[]) AS listed (user_id)
WHERE u.user_id = listed.user_id
  AND u.processing_status = 'pending'
  AND NOT EXISTS (SELECT FROM {{claims}} AS c JOIN {{runs}} AS r ON r.run_id = c.run_id
              WHERE c.claim_id = u.claim_id AND c.state = 'open' AND r.source_table = {{source_table_literal}})
