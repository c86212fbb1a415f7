-- A schedule that is seen for the first time makes up for nothing. It holds the row from here on, whoever made it.
INSERT INTO {{schedule}} (source_table, name, decided_until, updated_at) VALUES ($1, $2, UTC_TIMESTAMP(6), UTC_TIMESTAMP(6))
ON DUPLICATE KEY UPDATE name = $2
