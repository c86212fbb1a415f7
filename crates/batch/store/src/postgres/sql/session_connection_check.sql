-- The same while the server is at work or waits for a lock, and so hears nothing of us. From PostgreSQL 14 on, and not on every system.
SET client_connection_check_interval = 10000
