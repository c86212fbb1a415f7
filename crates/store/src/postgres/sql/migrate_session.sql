-- An index built concurrently takes as long as it takes; a lock on the customer's table is not waited for long. That what is
-- there already is passed over is no news to anybody.
SELECT set_config('statement_timeout', '0', false), set_config('lock_timeout', $1, false),
    set_config('idle_in_transaction_session_timeout', '0', false), set_config('client_min_messages', 'warning', false)
