-- The switch of the table's old name becomes that of its new one, where that has none: a paused one stays paused. The time is set by
-- this statement, so that the trigger leaves alone who turned the switch.
UPDATE {{control}} AS o
SET o.source_table = {{source_table_literal}}, o.changed_at = o.changed_at + INTERVAL 1 MICROSECOND
WHERE JSON_CONTAINS(@cardgenius_gone, JSON_QUOTE(o.source_table)) AND @cardgenius_unused
    AND NOT EXISTS (
        SELECT 1 FROM (SELECT x.source_table FROM {{control}} AS x LIMIT 1000000) AS known
        WHERE known.source_table = {{source_table_literal}})
ORDER BY o.paused DESC, o.changed_at DESC
LIMIT 1
