WITH old AS MATERIALIZED (
    SELECT i.instance_id FROM {{instances}} AS i
    WHERE i.lease_until < clock_timestamp() - make_interval(secs => $1)
        AND NOT EXISTS (SELECT FROM {{claims}} AS c WHERE c.owner = i.instance_id AND c.state = 'open')
    ORDER BY i.lease_until
    LIMIT $2
    FOR UPDATE SKIP LOCKED
)
DELETE FROM {{instances}} AS d USING old WHERE d.instance_id = old.instance_id
