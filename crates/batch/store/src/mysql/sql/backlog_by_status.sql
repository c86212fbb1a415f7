-- By the index over the unsettled, and nothing but it; the rows only of those that are pending. The completed are the server's
-- estimate of all rows less the others; none before it has statistics. An open claim holds whoever is pending, but for users
-- that the next sweep heals. A sum of truths is a DECIMAL, which the driver does not take for a count.
SELECT u.new, u.pending, u.failed,
    (SELECT GREATEST(CAST(t.table_rows AS SIGNED) - u.new - u.pending - u.failed, 0)
        FROM information_schema.tables AS t
        WHERE t.table_schema = {{source_schema_literal}} AND t.table_name = {{input_table_literal}}),
    (SELECT COUNT(*) FROM {{input}} AS p FORCE INDEX ({{unsettled}})
        WHERE p.processing_status = 'pending'
          AND NOT EXISTS (SELECT 1 FROM {{claims}} AS c JOIN {{runs}} AS r ON r.run_id = c.run_id
              WHERE c.claim_id = p.claim_id AND c.state = 'open' AND r.source_table = {{source_table_literal}}))
FROM (
    SELECT CAST(COALESCE(SUM(s.processing_status = 'new'), 0) AS SIGNED) AS new,
        CAST(COALESCE(SUM(s.processing_status = 'pending'), 0) AS SIGNED) AS pending,
        CAST(COALESCE(SUM(s.processing_status = 'failed'), 0) AS SIGNED) AS failed
    FROM {{input}} AS s FORCE INDEX ({{unsettled}})
    WHERE s.processing_status IN ('new', 'pending', 'failed')
) AS u
