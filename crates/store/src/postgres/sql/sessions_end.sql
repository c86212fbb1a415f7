-- A client frozen in the middle of a COPY heeds neither cancel nor timeouts, and holds its locks for ever. All sessions of
-- that name; of one process only, if $2 is not 0.
SELECT count(*) FILTER (WHERE pg_terminate_backend(pid))
FROM pg_stat_activity
WHERE application_name = $1 AND pid <> pg_backend_pid() AND ($2 = 0 OR pid = $2)
