SHOW GLOBAL VARIABLES WHERE Variable_name IN ('binlog_format', 'innodb_buffer_pool_size', 'innodb_doublewrite',
    'innodb_flush_log_at_trx_commit', 'innodb_flush_method', 'innodb_log_file_size', 'log_bin', 'sync_binlog', 'version')
