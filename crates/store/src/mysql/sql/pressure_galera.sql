-- In a Galera cluster: the nanoseconds for which flow control has stopped this node since it started, the writes that it has not
-- applied yet, and the nodes. One look says little of the first: it grows. No row elsewhere. Everybody may see it.
SELECT f.paused, COALESCE(f.behind, 0), f.nodes
FROM (
    SELECT MAX(CASE WHEN g.variable_name = 'wsrep_flow_control_paused_ns' THEN g.variable_value + 0e0 END) AS paused,
        MAX(CASE WHEN g.variable_name = 'wsrep_local_recv_queue' THEN CAST(g.variable_value AS SIGNED) END) AS behind,
        MAX(CASE WHEN g.variable_name = 'wsrep_cluster_size' THEN CAST(g.variable_value AS SIGNED) END) AS nodes
    FROM /*M! information_schema.global_status */ /*!80000 performance_schema.global_status */ AS g
    WHERE g.variable_name IN ('wsrep_flow_control_paused_ns', 'wsrep_local_recv_queue', 'wsrep_cluster_size')
) AS f
WHERE f.nodes > 0 AND f.paused IS NOT NULL
