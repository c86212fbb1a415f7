-- After an outage everybody's lease has run out, and all are alive: first a full length of one's own, on this server start.
SELECT EXISTS (
    SELECT 1 FROM {{instances}}
    WHERE instance_id = $1
      AND lease_until > UTC_TIMESTAMP(6)
      AND held_since <= UTC_TIMESTAMP(6) - INTERVAL $2 * 1e6 MICROSECOND
) AND $2 <= (
    SELECT g.variable_value + 0e0
    FROM /*M! information_schema.global_status */ /*!80000 performance_schema.global_status */ AS g
    WHERE g.variable_name = 'Uptime'
)
