UPDATE {{instances}} SET lease_until = LEAST(lease_until, UTC_TIMESTAMP(6)), stopped_at = UTC_TIMESTAMP(6) WHERE instance_id = $1
