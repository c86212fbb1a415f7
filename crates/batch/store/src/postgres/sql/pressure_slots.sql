-- What each replication slot keeps of the log, and how much more may be written before the server gives the slot up; NULL: it
-- never does. Everybody may see it. A slot that is lost keeps nothing.
SELECT s.slot_name::text, s.active, pg_wal_lsn_diff(pg_current_wal_lsn(), s.restart_lsn)::double precision,
    s.safe_wal_size::double precision
FROM pg_replication_slots AS s
WHERE NOT pg_is_in_recovery() AND s.restart_lsn IS NOT NULL AND s.wal_status <> 'lost'
