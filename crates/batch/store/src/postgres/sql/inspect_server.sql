-- The server, and who we are there. Runs on servers older than those that we support, to say so.
SELECT current_setting('server_version_num')::integer,
    current_setting('server_version'),
    pg_is_in_recovery(),
    current_setting('transaction_read_only')::boolean,
    current_user::text,
    current_setting('autovacuum')::boolean AND current_setting('track_counts')::boolean,
    current_setting('server_encoding')
