-- Their types as they are declared: a domain is not the type that it is made of.
SELECT attname::text, atttypid
FROM pg_catalog.pg_attribute
WHERE attrelid = {{output_literal}}::pg_catalog.regclass AND attnum > 0 AND NOT attisdropped
