-- ALTER DEFAULT PRIVILEGES may have opened our tables to every role as they were made. Nothing here is written by a role that roles.sql
-- does not name.
REVOKE INSERT, UPDATE, DELETE, TRUNCATE, REFERENCES, TRIGGER
ON {{versions}}, {{catalogues}}, {{runs}}, {{instances}}, {{claims}}, {{schedule}}, {{control}}, {{fires}}, {{audit}}
FROM PUBLIC;
