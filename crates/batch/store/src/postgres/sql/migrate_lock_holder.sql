-- Who holds the migrations' lock: a lock of this kind is for any role to take.
SELECT 'process ' || l.pid || ', role ' || coalesce(a.usename, '?') || ', application ' || coalesce(nullif(a.application_name, ''), '?')
FROM pg_locks AS l
CROSS JOIN (SELECT hashtextextended('cardgenius migrate', 0) AS key) AS k
LEFT JOIN pg_stat_activity AS a ON a.pid = l.pid
WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 1
    AND l.database = (SELECT d.oid FROM pg_database AS d WHERE d.datname = current_database())
    AND (l.classid::bigint << 32) | l.objid::bigint = k.key
LIMIT 1
