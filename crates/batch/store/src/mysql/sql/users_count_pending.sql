-- All of the claim's users that are still pending, locked by somebody or not. See users_hold.sql for the crashes.
SELECT COUNT(*)
FROM {{input}} AS p FORCE INDEX ({{unsettled}})
WHERE p.processing_status = 'pending' AND (p.crashes = 0 OR p.crashes < 0 OR p.crashes > 0)
  AND p.user_id >= $2 AND p.user_id <= $3 AND p.claim_id = $1
