-- What a session of ours waits for.
SELECT wait_event FROM pg_catalog.pg_stat_activity WHERE pid = $1
