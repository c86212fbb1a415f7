-- Where both names have a switch: a pause of the old one holds for the new one, which has had no run yet.
UPDATE {{control}} AS o
JOIN (
    SELECT x.source_table, x.reason, x.changed_by, x.changed_at FROM {{control}} AS x
    WHERE x.paused AND JSON_CONTAINS(@cardgenius_gone, JSON_QUOTE(x.source_table))
    ORDER BY x.changed_at DESC
    LIMIT 1
) AS old
SET o.paused = TRUE, o.reason = CONCAT('carried over from ', old.source_table, ': ', COALESCE(old.reason, 'no reason given')),
    o.changed_by = old.changed_by, o.changed_at = old.changed_at
WHERE o.source_table = {{source_table_literal}} AND NOT o.paused AND @cardgenius_unused
