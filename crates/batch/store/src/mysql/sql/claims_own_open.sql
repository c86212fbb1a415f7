SELECT claim_id FROM {{claims}} WHERE owner = $1 AND state = 'open'
