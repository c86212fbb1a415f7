SELECT paused, reason, changed_by, changed_at FROM {{control}} WHERE source_table = $1
