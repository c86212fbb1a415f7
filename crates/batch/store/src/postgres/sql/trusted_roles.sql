-- The roles that are no strangers, since they could act in our sessions anyway, and so could their members: this role, the owners of
-- the database and of the table of users (who may add a trigger to it), and the role that migrates. Where the table of users is in
-- another database, the owner of our fence stands for its owner, unless our own tables are in question themselves.
SELECT r.oid FROM pg_roles AS r
WHERE r.rolname IN (current_user, session_user, 'cardgenius_migrator', 'pg_database_owner')
UNION
SELECT d.datdba FROM pg_database AS d WHERE d.datname = current_database()
UNION
SELECT c.relowner FROM pg_class AS c
JOIN pg_namespace AS n ON n.oid = c.relnamespace
WHERE n.nspname = {{source_schema_literal}} AND c.relname = {{input_table_literal}}
UNION
SELECT c.relowner FROM pg_class AS c
JOIN pg_namespace AS n ON n.oid = c.relnamespace
WHERE {{at_work}} AND n.nspname = {{target_schema_literal}} AND c.relname = 'cardgenius_fence'
    AND NOT EXISTS (
        SELECT FROM pg_class AS i
        JOIN pg_namespace AS m ON m.oid = i.relnamespace
        WHERE m.nspname = {{source_schema_literal}} AND i.relname = {{input_table_literal}})
