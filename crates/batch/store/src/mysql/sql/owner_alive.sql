SELECT EXISTS (SELECT 1 FROM {{instances}} WHERE instance_id = $1 AND lease_until >= UTC_TIMESTAMP(6))
