-- How much of the log waits to be archived. The archiver goes by order, and tries the same file again until it succeeds: all
-- from the one that failed, or after the one that was archived last, is still on the disk. Everybody may see it. No row: nothing
-- is archived, or nothing was yet.
SELECT a.failing, greatest(pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')
    - ('x' || left(a.place, 8))::bit(32)::bigint * 4294967296.0
    - (('x' || right(a.place, 8))::bit(32)::bigint + CASE WHEN a.failing THEN 0 ELSE 1 END)
        * pg_size_bytes(current_setting('wal_segment_size')), 0)::double precision
FROM (
    SELECT f.failing, substring(CASE WHEN f.failing THEN f.last_failed_wal ELSE f.last_archived_wal END
        FROM '^[0-9A-F]{8}([0-9A-F]{16})') AS place
    FROM (
        SELECT *, last_failed_time IS NOT NULL AND last_failed_time >= coalesce(last_archived_time, '-infinity') AS failing
        FROM pg_stat_archiver
    ) AS f
) AS a
WHERE NOT pg_is_in_recovery() AND current_setting('archive_mode') <> 'off' AND a.place IS NOT NULL
