-- A renewal that waits for a lock is given up by us at this limit, and must not wait on in the server.
SELECT set_config('statement_timeout', $1, false), set_config('lock_timeout', $1, false)
