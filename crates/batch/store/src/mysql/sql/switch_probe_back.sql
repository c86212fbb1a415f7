UPDATE {{control}} SET paused = FALSE WHERE source_table = $1
