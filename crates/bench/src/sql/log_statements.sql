-- Every statement in this database, with the time it took, in the server's log.
ALTER DATABASE {{database}} SET log_min_duration_statement = 0
