-- What a primary knows of its replicas: how many read its log just now, and of semi-synchronous ones, how many there are and how
-- many sessions of this server wait for their word. How far they are behind only they know: where that matters, the DBA's own
-- question asks it. Without PROCESS it sees nobody's sessions but its own, and counts none: to be asked only where
-- pressure_history, which needs that right too, was answered.
SELECT (SELECT COUNT(*) FROM information_schema.processlist AS p WHERE p.command IN ('Binlog Dump', 'Binlog Dump GTID')),
    COALESCE(MAX(CASE WHEN g.variable_name IN ('Rpl_semi_sync_master_clients', 'Rpl_semi_sync_source_clients')
        THEN CAST(g.variable_value AS SIGNED) END), 0),
    COALESCE(MAX(CASE WHEN g.variable_name IN ('Rpl_semi_sync_master_wait_sessions', 'Rpl_semi_sync_source_wait_sessions')
        THEN CAST(g.variable_value AS SIGNED) END), 0)
FROM /*M! information_schema.global_status */ /*!80000 performance_schema.global_status */ AS g
WHERE g.variable_name LIKE 'Rpl_semi_sync_%'
