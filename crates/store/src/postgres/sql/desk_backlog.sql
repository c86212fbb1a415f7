-- By the partial index: the completed users are not looked at, but for the planner's estimate of all.
SELECT count(*) FILTER (WHERE u.processing_status = 'new'),
    count(*) FILTER (WHERE u.processing_status = 'pending'),
    count(*) FILTER (WHERE u.processing_status = 'failed'),
    (SELECT sum(c.reltuples)::bigint FROM pg_class AS c
     WHERE c.reltuples >= 0 AND c.relkind = 'r'
       AND (c.oid = $1::text::regclass OR c.oid IN (SELECT t.relid FROM pg_partition_tree($1::text::regclass) AS t)))
FROM {{input}} AS u
WHERE u.processing_status <> 'completed'
