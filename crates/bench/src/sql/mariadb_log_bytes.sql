-- Bytes of redo that the server has written since it was started.
SELECT variable_value FROM information_schema.global_status WHERE variable_name = 'Innodb_os_log_written'
