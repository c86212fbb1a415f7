SELECT pg_advisory_unlock(1735488613, 1)
