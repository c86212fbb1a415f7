-- All that an idle instance asks, in one statement: the database's clock, the open run, and one row a schedule.
SELECT UTC_TIMESTAMP(6), r.run_id, s.name, s.decided_until, s.next_fire
FROM (SELECT 1 AS one) AS always
LEFT JOIN {{runs}} AS r ON r.open_source = $1
LEFT JOIN {{schedule}} AS s ON s.source_table = $1
