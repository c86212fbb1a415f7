-- Claims over a table that is gone: the users go back to new, as users of no open claim do. In this database an owner whose lease
-- holds may still be at work on a table that was renamed a moment ago.
UPDATE {{claims}} AS c
JOIN {{runs}} AS r ON r.run_id = c.run_id
LEFT JOIN {{instances}} AS i ON i.instance_id = c.owner
SET c.returned = c.users - c.completed - c.failed - c.superseded - c.left_locked, c.state = 'swept', c.closed_at = UTC_TIMESTAMP(6)
WHERE c.state = 'open' AND JSON_CONTAINS(@cardgenius_gone, JSON_QUOTE(r.source_table))
    AND (LEFT(r.source_table, CHAR_LENGTH({{source_schema_literal}}) + 1) <> CONCAT({{source_schema_literal}}, '.')
        OR i.lease_until IS NULL OR i.lease_until < UTC_TIMESTAMP(6))
