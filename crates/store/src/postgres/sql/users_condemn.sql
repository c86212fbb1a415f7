-- Died alone in three claims after six crashes: this user ends the process, and shall not do so again.
UPDATE {{input}}
SET processing_status = 'failed', processing_error = 'computation ended the process', processed_at = clock_timestamp(),
    attempts = 0, crashes = 0
WHERE user_id = ANY ($2::text[]) AND claim_id = $1 AND processing_status = 'pending' AND crashes >= 8
