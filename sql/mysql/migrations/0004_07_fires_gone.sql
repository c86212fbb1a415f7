-- What became of the schedules' times.
UPDATE IGNORE {{fires}} AS f
SET f.source_table = {{source_table_literal}}
WHERE JSON_CONTAINS(@cardgenius_gone, JSON_QUOTE(f.source_table)) AND JSON_LENGTH(@cardgenius_gone) = 1 AND @cardgenius_unused
