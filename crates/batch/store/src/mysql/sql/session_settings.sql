-- Every session variable that our statements depend on, each set to a value: DEFAULT would be the server's global value, which may be
-- anything (docs/database.md, "Session variables", says what each is for). The comments /*M! */ are read by MariaDB only, /*!80000 */
-- by MySQL only. Limits: a lock is not waited for longer than $1 whole seconds, at least one; the second is for a table's definition.
-- A client that vanished in the middle of a transaction holds its locks no longer than $2, in the middle of a statement than $3.
SET SESSION character_set_client = utf8mb4, character_set_results = utf8mb4, collation_connection = utf8mb4_bin,
    time_zone = '+00:00',
    sql_mode = 'STRICT_TRANS_TABLES,STRICT_ALL_TABLES,NO_ZERO_IN_DATE,NO_ZERO_DATE,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION',
    autocommit = 1, completion_type = 0, foreign_key_checks = 1, unique_checks = 1, sql_safe_updates = 0, sql_auto_is_null = 0,
    sql_select_limit = 18446744073709551615, max_join_size = 18446744073709551615, sql_big_selects = 1,
    group_concat_max_len = 16777216, max_sort_length = 1024, sort_buffer_size = 2097152, max_error_count = 64, sql_notes = 1,
    div_precision_increment = 4,
    innodb_lock_wait_timeout = $1, lock_wait_timeout = $1, wait_timeout = $2, net_read_timeout = $3, net_write_timeout = $3
    /*M!, max_statement_time = 0, idle_transaction_timeout = 0, idle_write_transaction_timeout = 0, idle_readonly_transaction_timeout = 0,
    check_constraint_checks = 1, old_mode = '', default_regex_flags = '', max_recursive_iterations = 1000,
    optimizer_max_sel_arg_weight = 32000, max_session_mem_used = 9223372036854775807, system_versioning_asof = DEFAULT */
    /*!80000 , max_execution_time = 0, cte_max_recursion_depth = 1000, range_optimizer_max_mem_size = 8388608 */
