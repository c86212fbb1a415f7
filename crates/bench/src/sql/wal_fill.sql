-- Writes $1 MiB of log that mean nothing.
SELECT count(pg_logical_emit_message(false, 'cardgenius-bench', repeat('x', 1048576))) FROM generate_series(1, $1::bigint)
