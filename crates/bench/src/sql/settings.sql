SELECT name, current_setting(name)
FROM pg_settings
WHERE name IN ('fsync', 'synchronous_commit', 'full_page_writes', 'wal_level', 'wal_sync_method', 'shared_buffers', 'min_wal_size', 'max_wal_size',
    'checkpoint_timeout', 'autovacuum', 'wal_compression', 'server_version')
ORDER BY name
