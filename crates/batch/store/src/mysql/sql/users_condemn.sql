-- Died alone in three claims after six crashes: this user ends the process, and shall not do so again.
UPDATE {{input}} AS u FORCE INDEX ({{input_key}})
SET u.processing_status = 'failed', u.processing_error = 'computation ended the process', u.processed_at = UTC_TIMESTAMP(6),
    u.attempts = 0, u.crashes = 0
WHERE u.user_id IN ($2) AND u.claim_id = $1 AND u.processing_status = 'pending' AND u.crashes >= 8
