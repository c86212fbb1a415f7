-- How many sessions of that name are there; of one process only, if $2 is not 0.
SELECT count(*) FROM pg_stat_activity WHERE application_name = $1 AND pid <> pg_backend_pid() AND ($2 = 0 OR pid = $2)
