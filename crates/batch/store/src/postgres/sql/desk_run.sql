-- The open run, over its claims; the last minute by their index.
SELECT r.run_id, r.kind, r.opened_for, r.opened_at, r.backlog,
    coalesce(sum(c.completed + c.failed + c.superseded), 0)::bigint,
    coalesce(sum(c.failed), 0)::bigint,
    coalesce(sum(c.completed + c.failed + c.superseded)
        FILTER (WHERE c.closed_at > clock_timestamp() - interval '1 minute'), 0)::double precision
        / least(60, greatest(1, extract(epoch FROM clock_timestamp() - r.opened_at)))::double precision,
    count(*) FILTER (WHERE c.state = 'open')
FROM {{runs}} AS r
LEFT JOIN {{claims}} AS c ON c.run_id = r.run_id
WHERE r.source_table = $1 AND r.state = 'open'
GROUP BY r.run_id
