-- Died alone in three claims after six crashes: this user ends the process, and shall not do so again.
UPDATE {{input}} AS u
SET processing_status = 'failed', processing_error = 'computation ended the process', processed_at = clock_timestamp(),
    attempts = 0, crashes = 0
FROM unnest($2::text[]) AS listed (user_id)
WHERE u.user_id = listed.user_id AND u.claim_id = $1 AND u.processing_status = 'pending' AND u.crashes >= 8
