SELECT i.instance_id, i.host, i.process_id, i.program_version, i.started_at, i.lease_until > clock_timestamp(),
    extract(epoch FROM i.lease_until - clock_timestamp())::double precision,
    count(c.claim_id), coalesce(sum(c.users - c.completed - c.failed - c.superseded - c.returned), 0)::bigint,
    i.throttle_share, i.throttle_reason, i.throttle_since
FROM {{instances}} AS i
LEFT JOIN {{claims}} AS c ON c.owner = i.instance_id AND c.state = 'open'
GROUP BY i.instance_id
HAVING count(c.claim_id) > 0 OR i.lease_until > clock_timestamp()
    OR (i.stopped_at IS NULL AND i.lease_until > clock_timestamp() - interval '1 day')
ORDER BY i.started_at
LIMIT 1000
