-- Served by the partial index. The completed are the planner's estimate of all rows, less the others; an open claim holds
-- whoever is pending, but for users that the next sweep heals.
SELECT new, pending, failed,
    greatest((SELECT reltuples::bigint FROM pg_catalog.pg_class WHERE oid = {{input_literal}}::pg_catalog.regclass)
        - new - pending - failed, 0),
    (SELECT count(*) FROM {{input}} AS u
        WHERE u.processing_status = 'pending'
          AND NOT EXISTS (SELECT FROM {{claims}} AS c WHERE c.claim_id = u.claim_id AND c.state = 'open'))
FROM (
    SELECT count(*) FILTER (WHERE processing_status = 'new') AS new,
        count(*) FILTER (WHERE processing_status = 'pending') AS pending,
        count(*) FILTER (WHERE processing_status = 'failed') AS failed
    FROM {{input}} WHERE processing_status <> 'completed'
) AS unsettled
