-- And what processor time it took.
ALTER DATABASE {{database}} SET log_executor_stats = on
