-- Of every session, and not trusted to the server's defaults: times are UTC, what does not fit is an error, a backslash escapes,
-- a lock is not waited for long ($1: whole seconds, at least one; the second is for a table's definition). A client that vanished
-- in the middle of a transaction holds its locks no longer than $2, one that vanished in the middle of a statement no longer
-- than $3. JSON_ARRAYAGG is cut off by group_concat_max_len on MariaDB.
SET SESSION time_zone = '+00:00',
    sql_mode = 'STRICT_TRANS_TABLES,STRICT_ALL_TABLES,NO_ZERO_IN_DATE,NO_ZERO_DATE,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION',
    autocommit = 1, foreign_key_checks = 1, unique_checks = 1, sql_safe_updates = 0, sql_select_limit = DEFAULT,
    sql_auto_is_null = 0, group_concat_max_len = 16777216,
    innodb_lock_wait_timeout = $1, lock_wait_timeout = $1, wait_timeout = $2, net_read_timeout = $3, net_write_timeout = $3
