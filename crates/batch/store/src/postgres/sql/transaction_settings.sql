-- What the statements of every transaction depend on, and what a server, role or database may preset otherwise (docs/database.md,
-- "Settings of our sessions"). A setting that this version of the server does not have is passed over. A time limit of the whole
-- transaction is taken away, not raised: one that runs already would run on.
SELECT count(set_config(s.name, s.value, true))
FROM (VALUES
    ('transaction_timeout', '0'), ('idle_in_transaction_session_timeout', '0'), ('exit_on_error', 'off'), ('row_security', 'off'), ('client_min_messages', 'error'),
    ('standard_conforming_strings', 'on'), ('transform_null_equals', 'off'), ('plan_cache_mode', 'auto'),
    ('enable_seqscan', 'on'), ('enable_indexscan', 'on'), ('enable_indexonlyscan', 'on'), ('enable_bitmapscan', 'on'),
    ('enable_tidscan', 'on'), ('enable_sort', 'on'), ('enable_hashagg', 'on'), ('enable_material', 'on'), ('enable_nestloop', 'on'),
    ('enable_hashjoin', 'on'), ('enable_mergejoin', 'on'), ('enable_partition_pruning', 'on')
) AS s (name, value)
WHERE current_setting(s.name, true) IS NOT NULL
