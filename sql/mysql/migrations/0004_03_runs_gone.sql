-- Runs over a table that is gone.
UPDATE {{runs}} AS r
SET r.state = 'abandoned', r.closed_by = r.opened_by, r.closed_at = UTC_TIMESTAMP(6),
    r.reason = CONCAT('its table ', r.source_table, ' is not here any more')
WHERE r.state = 'open' AND JSON_CONTAINS(@cardgenius_gone, JSON_QUOTE(r.source_table))
    AND NOT EXISTS (SELECT 1 FROM {{claims}} AS c WHERE c.run_id = r.run_id AND c.state = 'open')
