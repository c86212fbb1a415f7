-- Foreign keys that reference tables of a database, as far as this account may see the tables that they belong to.
SELECT r.referenced_table_name, r.constraint_name, CONCAT(r.constraint_schema, '.', r.table_name), r.delete_rule
FROM information_schema.referential_constraints AS r
WHERE r.unique_constraint_schema = $1 AND r.referenced_table_name IN ($2)
ORDER BY r.referenced_table_name, r.constraint_schema, r.table_name, r.constraint_name
