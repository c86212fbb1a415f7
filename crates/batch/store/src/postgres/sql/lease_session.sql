-- A renewal that waits for a lock is given up by us at this limit, and must not wait on in the server. Sent outside a transaction, as
-- lease_renew is: each name is written out with its schema.
SELECT pg_catalog.set_config('statement_timeout', $1, false), pg_catalog.set_config('lock_timeout', $1, false),
    pg_catalog.set_config('default_transaction_isolation', 'read committed', false),
    CASE WHEN pg_catalog.current_setting('transaction_timeout', true) IS NOT NULL
        THEN pg_catalog.set_config('transaction_timeout', '0', false) END
