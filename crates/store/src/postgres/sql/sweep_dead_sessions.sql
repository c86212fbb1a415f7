-- Instances whose lease has run out and that still have sessions here, with a claim or without one: a client frozen in the
-- middle of a claim or of closing a run holds users or the run locked.
SELECT DISTINCT i.instance_id
FROM {{instances}} AS i
JOIN pg_stat_activity AS a ON a.application_name = $1 || i.instance_id AND a.datname = current_database()
WHERE i.lease_until < clock_timestamp()
