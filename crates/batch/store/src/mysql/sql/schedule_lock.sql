-- Of several instances one decides, and the others see what it decided. The clock is that of the statement's start: schedule_add has
-- waited for the row before.
SELECT COALESCE(decided_until, last_fire, UTC_TIMESTAMP(6)), UTC_TIMESTAMP(6)
FROM {{schedule}} WHERE source_table = $1 AND name = $2 FOR UPDATE
