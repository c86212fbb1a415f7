-- An index built concurrently takes as long as it takes; a lock on the customer's table is not waited for long. That what is there
-- already is passed over is no news to anybody. Sent outside a transaction, as the index is built: each name is written out with its
-- schema.
SELECT pg_catalog.set_config('statement_timeout', '0', false), pg_catalog.set_config('lock_timeout', $1, false),
    pg_catalog.set_config('idle_in_transaction_session_timeout', '0', false),
    pg_catalog.set_config('client_min_messages', 'warning', false),
    CASE WHEN pg_catalog.current_setting('transaction_timeout', true) IS NOT NULL
        THEN pg_catalog.set_config('transaction_timeout', '0', false) END
