-- Of several instances one decides, and the others see what it decided. Rows of the last version have no decided_until.
SELECT coalesce(decided_until, last_fire, clock_timestamp()), clock_timestamp()
FROM {{schedule}} WHERE source_table = $1 AND name = $2 FOR UPDATE
