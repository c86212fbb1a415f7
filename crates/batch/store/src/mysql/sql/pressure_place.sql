-- Where the server keeps its data, and whether it is on this machine: over a Unix socket it is, and only there a session has no
-- port. Everybody may see his own session.
SELECT p.host NOT LIKE '%:%', @@global.datadir FROM information_schema.processlist AS p WHERE p.id = CONNECTION_ID()
