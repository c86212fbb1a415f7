UPDATE {{instances}} SET lease_until = least(lease_until, clock_timestamp()), stopped_at = clock_timestamp() WHERE instance_id = $1
