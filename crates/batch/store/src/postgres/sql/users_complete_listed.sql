-- Exactly those that this transaction holds and has written. A join, not = ANY: planned once for all lists, that may compare
-- each pending user with each of 10,000 keys.
UPDATE {{input}} AS u
SET processing_status = 'completed', processed_at = clock_timestamp(), attempts = 0, crashes = 0
FROM unnest($2::text[]) AS listed (user_id)
WHERE u.user_id = listed.user_id AND u.claim_id = $1 AND u.processing_status = 'pending'
