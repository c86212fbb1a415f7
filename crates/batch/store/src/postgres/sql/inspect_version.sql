SELECT version, oldest_program FROM {{versions}} ORDER BY version DESC LIMIT 1
