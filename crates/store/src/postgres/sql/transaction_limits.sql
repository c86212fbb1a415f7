-- Set locally in every transaction, and not trusted to defaults or poolers. row_security = off: a policy would silently
-- show no users; so it is an error. What the customer's triggers say goes to nobody's log.
SELECT set_config('statement_timeout', $1, true),
       set_config('lock_timeout', $2, true),
       set_config('idle_in_transaction_session_timeout', $3, true),
       set_config('row_security', 'off', true),
       pg_backend_pid(),
       set_config('client_min_messages', 'error', true)
