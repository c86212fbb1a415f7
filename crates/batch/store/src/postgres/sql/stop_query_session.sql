-- The DBA's own question changes nothing, and sees what its role sees.
SELECT set_config('transaction_read_only', 'on', true), set_config('row_security', 'on', true)
