-- Instances that may have sessions here.
SELECT i.instance_id FROM {{instances}} AS i WHERE i.lease_until > UTC_TIMESTAMP(6) - INTERVAL 1 HOUR
