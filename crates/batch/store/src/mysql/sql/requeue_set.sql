-- Those that the step holds. What a customer's own UPDATE would do, and no more: claim_id and processing_error stay until the next
-- claim.
UPDATE {{input}} AS u FORCE INDEX ({{input_key}})
SET u.processing_status = 'new', u.attempts = 0, u.crashes = 0
WHERE u.user_id IN ($1)
