INSERT INTO {{versions}} (version, oldest_program, applied_by) VALUES ($1, $2, $3) ON DUPLICATE KEY UPDATE version = version
