UPDATE {{control}} SET paused = TRUE, reason = $1 WHERE source_table = $1
