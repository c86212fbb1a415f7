-- Users whose status is none of the four, and one of them. Where the status is an ENUM, a further label is the customer's own, for users
-- that are not meant for a run: there NULL counts, and what the server stores of a text that is no label, which is number 0. Where it
-- is a text, NULL and any other text count. By the index over the unsettled; of the two halves one is not looked at.
SELECT CAST(SUM(found.users) AS SIGNED), MIN(found.example)
FROM (
    SELECT COUNT(*) AS users, MIN(user_id) AS example
    FROM {{input}} FORCE INDEX ({{unsettled}})
    WHERE (processing_status IS NULL OR processing_status = 0)
        AND EXISTS (SELECT 1 FROM information_schema.columns
            WHERE table_schema = {{source_schema_literal}} AND table_name = {{input_table_literal}}
                AND column_name = 'processing_status' AND data_type = 'enum')
    UNION ALL
    SELECT COUNT(*), MIN(user_id)
    FROM {{input}} FORCE INDEX ({{unsettled}})
    WHERE (processing_status IS NULL OR processing_status NOT IN ('new', 'pending', 'completed', 'failed'))
        AND NOT EXISTS (SELECT 1 FROM information_schema.columns
            WHERE table_schema = {{source_schema_literal}} AND table_name = {{input_table_literal}}
                AND column_name = 'processing_status' AND data_type = 'enum')
) AS found
