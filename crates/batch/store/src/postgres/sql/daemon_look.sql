-- All that an idle instance asks, in one statement: the database's clock, the open run, and one row a schedule.
SELECT clock_timestamp(), r.run_id, s.name, s.decided_until, s.next_fire
FROM (SELECT $1::text AS source_table) AS t
LEFT JOIN {{runs}} AS r ON r.source_table = t.source_table AND r.state = 'open'
LEFT JOIN {{schedule}} AS s ON s.source_table = t.source_table
