DELETE d
FROM (
    SELECT i.instance_id FROM {{instances}} AS i
    WHERE i.lease_until < UTC_TIMESTAMP(6) - INTERVAL $1 * 1e6 MICROSECOND
        AND NOT EXISTS (SELECT 1 FROM {{claims}} AS c WHERE c.owner = i.instance_id AND c.state = 'open')
    ORDER BY i.lease_until
    LIMIT $2
    FOR UPDATE SKIP LOCKED
) AS old
STRAIGHT_JOIN {{instances}} AS d ON d.instance_id = old.instance_id
