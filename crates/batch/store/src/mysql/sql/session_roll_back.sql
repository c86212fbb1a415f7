-- An init_connect of the server's may have begun a transaction. By itself ROLLBACK would obey a preset completion_type, and might
-- end the session.
ROLLBACK AND NO CHAIN NO RELEASE
