SELECT COUNT(*) FROM {{instances}} WHERE stopped_at IS NULL AND lease_until >= UTC_TIMESTAMP(6)
