-- Columns of the customer's own that are named as ours. Ours bear our comment; or, where a dump left the comments behind, the table has
-- our index, beside our table of versions.
SELECT c.column_name FROM information_schema.columns AS c
WHERE c.table_schema = $1 AND c.table_name = $2 AND c.column_name IN ('claim_id', 'attempts', 'crashes', 'processed_at')
    AND c.column_comment NOT LIKE 'CardGenius:%'
    AND NOT EXISTS (
        SELECT 1 FROM information_schema.statistics AS s
        JOIN information_schema.tables AS v ON v.table_schema = s.table_schema AND v.table_name = 'cardgenius_schema_version'
        WHERE s.table_schema = c.table_schema AND s.table_name = c.table_name AND s.index_name = {{unsettled_literal}})
