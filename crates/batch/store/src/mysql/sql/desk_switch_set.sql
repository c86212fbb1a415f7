-- By whoever runs the command, with the name that he has on his machine. The triggers write the audit.
INSERT INTO {{control}} (source_table, paused, reason, changed_by, changed_at)
VALUES ($1, $2, $3, CONCAT(USER(), ' (', $4, ')'), UTC_TIMESTAMP(6))
ON DUPLICATE KEY UPDATE
    paused = $2, reason = $3, changed_by = CONCAT(USER(), ' (', $4, ')'), changed_at = UTC_TIMESTAMP(6)
