SELECT pg_advisory_lock(1735488613, 1)
