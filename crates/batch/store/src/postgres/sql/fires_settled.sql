-- Times that were dealt with, and that a clock which was set back may bring again.
SELECT fire_at FROM {{fires}} WHERE source_table = $1 AND name = $2 AND fire_at >= $3 AND outcome <> 'missed'
