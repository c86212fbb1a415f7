-- Foreign keys of tables of a database, and what they reference.
SELECT r.table_name, r.constraint_name, r.unique_constraint_schema, r.referenced_table_name
FROM information_schema.referential_constraints AS r
WHERE r.constraint_schema = $1 AND r.table_name IN ($2)
ORDER BY r.table_name, r.constraint_name
