SELECT UTC_TIMESTAMP(6), MAX(version) FROM {{versions}}
