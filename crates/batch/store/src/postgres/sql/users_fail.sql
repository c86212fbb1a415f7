UPDATE {{input}} AS u
SET processing_status = 'failed', processing_error = fault.reason, processed_at = clock_timestamp(), attempts = 0, crashes = 0
FROM unnest($2::text[], $3::text[]) AS fault (user_id, reason)
WHERE u.user_id = fault.user_id AND u.claim_id = $1 AND u.processing_status = 'pending'
