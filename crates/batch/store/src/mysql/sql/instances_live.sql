-- How many live, and how many of them come before $1.
SELECT COUNT(*), COUNT(CASE WHEN instance_id < $1 THEN 1 END)
FROM {{instances}}
WHERE stopped_at IS NULL AND lease_until >= UTC_TIMESTAMP(6)
