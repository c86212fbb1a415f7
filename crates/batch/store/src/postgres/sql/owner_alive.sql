SELECT EXISTS (SELECT FROM {{instances}} WHERE instance_id = $1 AND lease_until >= clock_timestamp())
