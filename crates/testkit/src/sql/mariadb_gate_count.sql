-- Sessions in this database that wait for a lock by name.
SELECT COUNT(*) FROM information_schema.processlist WHERE db = DATABASE() AND state = 'User lock'
