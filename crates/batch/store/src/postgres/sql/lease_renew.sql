-- A lease that had run out starts anew: an instance that was silent must hold it for a full length before it may sweep others.
-- By itself a transaction, whose names are found by the role's own path: each is written out with its schema.
UPDATE {{instances}}
SET lease_until = pg_catalog.clock_timestamp() OPERATOR(pg_catalog.+) pg_catalog.make_interval(secs => $2),
    renewed_at = pg_catalog.clock_timestamp(),
    held_since = CASE WHEN lease_until OPERATOR(pg_catalog.<) pg_catalog.clock_timestamp() THEN pg_catalog.clock_timestamp() ELSE held_since END
WHERE instance_id OPERATOR(pg_catalog.=) $1
