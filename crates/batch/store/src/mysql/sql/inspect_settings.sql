-- By name: some are on one kind of server only, or on newer ones.
SHOW GLOBAL VARIABLES WHERE Variable_name IN ('binlog_format', 'innodb_read_only', 'local_infile', 'log_bin', 'max_allowed_packet',
    'read_only', 'wsrep_on')
