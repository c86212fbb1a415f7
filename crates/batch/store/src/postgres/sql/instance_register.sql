INSERT INTO {{instances}} (instance_id, host, process_id, program_version, lease_until)
VALUES ($1, $2, $3, $4, clock_timestamp() + make_interval(secs => $5))
ON CONFLICT (instance_id) DO UPDATE
SET lease_until = excluded.lease_until, renewed_at = clock_timestamp(), held_since = clock_timestamp()
