-- The lock's session sits idle while an index is built, for hours if need be: a limit of the server's must not end it.
SELECT set_config('idle_in_transaction_session_timeout', '0', true)
