SELECT count(*) FROM {{instances}} WHERE stopped_at IS NULL AND lease_until >= clock_timestamp()
