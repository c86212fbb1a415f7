-- Sessions in this database that wait in a trigger.
SELECT COUNT(*) FROM information_schema.processlist WHERE db = DATABASE() AND state = 'User sleep'
