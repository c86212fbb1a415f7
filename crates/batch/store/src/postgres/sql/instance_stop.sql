-- On the lease's connection: see lease_renew.
UPDATE {{instances}}
SET lease_until = LEAST(lease_until, pg_catalog.clock_timestamp()), stopped_at = pg_catalog.clock_timestamp()
WHERE instance_id OPERATOR(pg_catalog.=) $1
