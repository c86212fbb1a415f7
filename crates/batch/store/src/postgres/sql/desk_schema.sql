SELECT clock_timestamp(), max(version) FROM {{versions}}
