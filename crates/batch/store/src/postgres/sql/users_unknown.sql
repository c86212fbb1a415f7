-- Users whose status is none of the four, and one of them. Where the status is an enum, a further label is the customer's own, for users
-- that are not meant for a run: only NULL counts there. Texts are read by the partial index, which holds all users that are not completed. NULL is
-- not in it: where the column may be NULL the table is read, which the caller bounds in time, and read from one end to the other:
-- a sample of all of it, because the caller has taken sequential scans away from the planner.
SELECT sum(found.users)::bigint, min(found.example)
FROM (
    SELECT count(*) AS users, min(encode(convert_to(u.user_id::text, 'SQL_ASCII'), 'escape')) AS example
    FROM {{input}} AS u
    WHERE u.processing_status <> 'completed' AND u.processing_status::text NOT IN ('new', 'pending', 'failed')
      AND NOT EXISTS (
        SELECT FROM pg_catalog.pg_attribute AS a
        JOIN pg_catalog.pg_enum AS e ON e.enumtypid = a.atttypid
        WHERE a.attrelid = {{input_literal}}::pg_catalog.regclass AND a.attname = 'processing_status')
    UNION ALL
    SELECT count(*), min(encode(convert_to(u.user_id::text, 'SQL_ASCII'), 'escape'))
    FROM {{input}} AS u TABLESAMPLE SYSTEM (100)
    WHERE u.processing_status IS NULL
      AND EXISTS (
        SELECT FROM pg_catalog.pg_attribute AS a
        WHERE a.attrelid = {{input_literal}}::pg_catalog.regclass AND a.attname = 'processing_status' AND NOT a.attnotnull)
) AS found
