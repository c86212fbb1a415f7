-- Standbys, and what of the log they have not applied: in bytes, since the server's own time lag is empty until a standby
-- has applied something; and in seconds, as the server measures them, but none for one that has applied everything: it
-- goes on showing the last lag for a while. A logical reader has confirmed only what concerns it: its slot is looked at
-- instead. Who copies the server or keeps its log applies nothing. To a role without pg_read_all_stats all is NULL.
SELECT coalesce(nullif(r.application_name, ''), 'process ' || r.pid), r.state IS NULL,
    pg_wal_lsn_diff(pg_current_wal_lsn(), r.replay_lsn)::double precision,
    CASE WHEN r.replay_lsn < pg_current_wal_lsn() THEN extract(epoch FROM r.replay_lag) ELSE 0 END::double precision
FROM pg_stat_replication AS r
WHERE NOT pg_is_in_recovery() AND (r.state IS NULL OR (r.state <> 'backup' AND r.replay_lsn IS NOT NULL))
    AND NOT EXISTS (SELECT FROM pg_replication_slots AS s WHERE s.active_pid = r.pid AND s.slot_type = 'logical')
