-- What a migration sets beside session_settings.sql. A table that keeps its history keeps what it has when columns are added.
SET SESSION innodb_lock_wait_timeout = $1, lock_wait_timeout = $1
    /*M!, innodb_strict_mode = 1, sql_if_exists = 0, alter_algorithm = 'DEFAULT', system_versioning_alter_history = KEEP */
