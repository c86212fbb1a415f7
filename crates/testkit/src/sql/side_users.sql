-- In words that every kind of database has: a line a user.
SELECT concat_ws('|', u.user_id, u.processing_status, u.attempts, u.crashes,
    CASE WHEN u.processed_at IS NULL THEN '-' ELSE 'at' END, coalesce(cast(u.claim_id AS char(36)), '-'),
    CASE WHEN coalesce(u.processing_error, '') = '' THEN '-' ELSE 'why' END)
FROM {{input}} AS u
ORDER BY u.user_id
