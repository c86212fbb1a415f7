-- What carries changes of the tables asked for to other places: publications of them, and slots that keep the log.
SELECT 'publication', p.pubname::text, wanted.place, true
FROM unnest($1::text[], $2::text[]) WITH ORDINALITY AS wanted (schema_name, table_name, place)
JOIN pg_publication_tables AS p ON p.schemaname = wanted.schema_name AND p.tablename = wanted.table_name
UNION ALL
SELECT s.slot_type, s.slot_name::text, 0, s.active
FROM pg_replication_slots AS s
WHERE NOT s.temporary AND (s.slot_type = 'physical' OR s.database = current_database())
ORDER BY 1, 2, 3
