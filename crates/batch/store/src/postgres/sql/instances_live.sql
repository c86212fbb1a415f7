-- How many live, and how many of them come before $1.
SELECT count(*), count(*) FILTER (WHERE instance_id < $1)
FROM {{instances}}
WHERE stopped_at IS NULL AND lease_until >= clock_timestamp()
