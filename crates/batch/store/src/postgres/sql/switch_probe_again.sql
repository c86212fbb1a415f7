UPDATE {{control}} SET paused = true, reason = $1::text WHERE source_table = $1::text
