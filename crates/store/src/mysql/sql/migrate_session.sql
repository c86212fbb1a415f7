-- A lock on the customer's table is not waited for long: $1 whole seconds. What the tables, triggers and views are made with
-- does not depend on the server's defaults.
SET SESSION time_zone = '+00:00',
    sql_mode = 'STRICT_TRANS_TABLES,STRICT_ALL_TABLES,NO_ZERO_IN_DATE,NO_ZERO_DATE,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION',
    innodb_lock_wait_timeout = $1, lock_wait_timeout = $1
