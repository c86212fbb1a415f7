-- Schedules, with what was dealt with; one that the new name has already stays as it is.
UPDATE IGNORE {{schedule}} AS s
SET s.source_table = {{source_table_literal}}
WHERE JSON_CONTAINS(@cardgenius_gone, JSON_QUOTE(s.source_table)) AND JSON_LENGTH(@cardgenius_gone) = 1 AND @cardgenius_unused
