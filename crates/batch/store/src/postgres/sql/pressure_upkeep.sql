-- Upkeep at work on the tables: a vacuum, an ANALYZE or an index being built, by the lock that all of them hold, since who has
-- no pg_read_all_stats sees locks but no progress. A worker of autovacuum has no user.
SELECT t.name, a.usesysid IS NULL
FROM unnest($1::text[]) AS t (name)
JOIN pg_locks AS l ON l.relation = to_regclass(t.name)
    OR l.relation IN (SELECT i.inhrelid FROM pg_inherits AS i WHERE i.inhparent = to_regclass(t.name))
JOIN pg_stat_activity AS a ON a.pid = l.pid
WHERE l.locktype = 'relation' AND l.mode = 'ShareUpdateExclusiveLock' AND l.granted
    AND l.database = (SELECT d.oid FROM pg_database AS d WHERE d.datname = current_database())
LIMIT 1
