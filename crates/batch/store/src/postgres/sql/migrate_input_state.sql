-- The kind of the customer's table, how many of our columns it has, and whether our index is there and valid.
SELECT c.relkind::text,
    (SELECT count(*) FROM pg_attribute AS a
     WHERE a.attrelid = c.oid AND NOT a.attisdropped AND a.attname IN ('claim_id', 'attempts', 'crashes', 'processed_at')),
    (SELECT i.indisvalid FROM pg_index AS i JOIN pg_class AS x ON x.oid = i.indexrelid
     WHERE i.indrelid = c.oid AND x.relname = $3)
FROM pg_class AS c
JOIN pg_namespace AS n ON n.oid = c.relnamespace
WHERE n.nspname = $1 AND c.relname = $2
