-- Where the server keeps its data, if this role may know, and whether it is on this machine: over a Unix socket it is.
SELECT inet_server_addr() IS NULL, (SELECT s.setting FROM pg_settings AS s WHERE s.name = 'data_directory')
