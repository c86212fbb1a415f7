SELECT count(*)
FROM pg_locks
WHERE locktype = 'advisory' AND classid = 1735488613 AND objid = 2 AND objsubid = 2 AND granted
    AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
