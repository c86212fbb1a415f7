-- What bears a name of ours and is not ours, or stands on a table of ours and runs when we write: a row for each fault, with what is
-- wrong and what to do. Asked before anything is made by CREATE IF NOT EXISTS, which would take it over. A table has no owner on these
-- servers, so that only its kind and its triggers can tell. All three parameters are the schema.
SELECT CONCAT(t.table_schema, '.', t.table_name, ' is a ', LOWER(t.table_type), ' and bears the name of a table of ours: rename it or drop it')
FROM information_schema.tables AS t
WHERE t.table_schema = $1 AND t.table_type <> 'BASE TABLE'
    AND t.table_name IN (
        'cardgenius_schema_version', 'cardgenius_catalogues', 'cardgenius_runs', 'cardgenius_instances',
        'cardgenius_claims', 'cardgenius_schedule', 'cardgenius_fires', 'cardgenius_control',
        'cardgenius_audit', 'cardgenius_fence')
UNION ALL
SELECT CONCAT(t.table_schema, '.', t.table_name, ' is a ', LOWER(t.table_type), ' and bears the name of a view of ours: rename it or drop it')
FROM information_schema.tables AS t
WHERE t.table_schema = $2 AND t.table_type <> 'VIEW'
    AND t.table_name IN (
        'cardgenius_status', 'cardgenius_progress', 'cardgenius_stuck', 'cardgenius_recent_runs',
        'cardgenius_slow_chunks')
UNION ALL
SELECT CONCAT('table ', g.event_object_schema, '.', g.event_object_table, ' has the trigger ', g.trigger_name, ' of ', COALESCE(g.definer, 'an account that is hidden from this one'),
    ', which is not ours and runs when we write: DROP TRIGGER `', REPLACE(g.trigger_schema, '`', '``'), '`.`', REPLACE(g.trigger_name, '`', '``'), '`;')
FROM information_schema.triggers AS g
WHERE g.event_object_schema = $3
    AND g.event_object_table IN (
        'cardgenius_schema_version', 'cardgenius_catalogues', 'cardgenius_runs', 'cardgenius_instances',
        'cardgenius_claims', 'cardgenius_schedule', 'cardgenius_fires', 'cardgenius_control',
        'cardgenius_audit', 'cardgenius_fence')
    AND g.trigger_name NOT IN (
        'cardgenius_control_inserted', 'cardgenius_control_updated', 'cardgenius_control_insert_audited',
        'cardgenius_control_update_audited', 'cardgenius_control_delete_audited')
