-- Who has waited longest for a lock that a session of ours holds, and for how long. Sessions of any instance of ours wait by
-- design; a session that a stranger has given such a name is none of them. Before PostgreSQL 14, and with the statement's start hidden, it has waited no longer than we have been at it.
WITH ours AS (
    SELECT array_agg(a.pid) AS pids, min(a.xact_start) AS since FROM pg_stat_activity AS a
    WHERE a.application_name = $1 AND pg_has_role(a.usesysid, 'USAGE')
)
SELECT w.pid, extract(epoch FROM clock_timestamp() - coalesce(w.since, a.query_start, ours.since))::double precision AS waited
FROM (
    SELECT l.pid, min((to_jsonb(l) ->> 'waitstart')::timestamptz) AS since FROM pg_locks AS l WHERE NOT l.granted GROUP BY l.pid
) AS w
CROSS JOIN ours
LEFT JOIN pg_stat_activity AS a ON a.pid = w.pid
WHERE (coalesce(a.application_name, '') NOT LIKE $2 OR pg_has_role(a.usesysid, 'USAGE') IS NOT TRUE)
    AND pg_blocking_pids(w.pid) && ours.pids
ORDER BY waited DESC NULLS LAST
LIMIT 1
