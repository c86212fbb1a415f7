-- Set locally in every transaction, and not trusted to defaults or poolers.
SELECT set_config('statement_timeout', $1, true),
       set_config('lock_timeout', $2, true),
       set_config('idle_in_transaction_session_timeout', $3, true),
       pg_backend_pid()
