-- Users whose status is none of the four, and one of them: NULL, or what the server stores of a text that is no label, which is number 0.
-- A further label of the customer's own is for users that are not meant for a run. By the index over the unsettled.
SELECT COUNT(*), MIN(user_id)
FROM {{input}} FORCE INDEX ({{unsettled}})
WHERE processing_status IS NULL OR processing_status = 0
