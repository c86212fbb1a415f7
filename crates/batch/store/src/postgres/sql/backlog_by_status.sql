-- Served by the partial index. The completed are the planner's estimate of all rows, of all partitions where there are any,
-- less the others; none before the first ANALYZE. An open claim holds whoever is pending, but for users that the next
-- sweep heals.
SELECT u.new, u.pending, u.failed, CASE WHEN estimated.users IS NOT NULL THEN greatest(estimated.users - u.new - u.pending - u.failed, 0) END,
    (SELECT count(*) FROM {{input}} AS p
        WHERE p.processing_status = 'pending'
          AND NOT EXISTS (SELECT FROM {{claims}} AS c JOIN {{runs}} AS r ON r.run_id = c.run_id
              WHERE c.claim_id = p.claim_id AND c.state = 'open' AND r.source_table = {{source_table_literal}}))
FROM (
    SELECT count(*) FILTER (WHERE processing_status = 'new') AS new,
        count(*) FILTER (WHERE processing_status = 'pending') AS pending,
        count(*) FILTER (WHERE processing_status = 'failed') AS failed
    FROM {{input}} WHERE processing_status <> 'completed'
) AS u
CROSS JOIN (
    SELECT sum(t.reltuples)::bigint AS users
    FROM pg_catalog.pg_class AS t
    WHERE t.reltuples >= 0 AND t.relkind = 'r'
      AND (t.oid = {{input_literal}}::pg_catalog.regclass
           OR t.oid IN (SELECT part.relid FROM pg_catalog.pg_partition_tree({{input_literal}}::pg_catalog.regclass) AS part))
) AS estimated
