-- The last column is what this account may do with it, by whatever grant.
SELECT c.table_name, c.column_name, c.data_type, c.column_type, c.is_nullable = 'YES', c.column_default IS NOT NULL, c.extra,
    CAST(c.character_maximum_length AS SIGNED), CAST(c.numeric_precision AS SIGNED), CAST(c.numeric_scale AS SIGNED),
    c.collation_name, c.privileges
FROM information_schema.columns AS c
WHERE c.table_schema = $1 AND c.table_name IN ($2)
ORDER BY c.table_name, c.ordinal_position
