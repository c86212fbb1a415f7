UPDATE {{control}} SET paused = false WHERE source_table = $1
