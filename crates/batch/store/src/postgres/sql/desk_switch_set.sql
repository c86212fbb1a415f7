-- By whoever runs the command, with the name that he has on his machine. The trigger writes the audit.
INSERT INTO {{control}} AS c (source_table, paused, reason, changed_by)
VALUES ($1, $2, $3, session_user || ' (' || $4::text || ')')
ON CONFLICT (source_table) DO UPDATE
SET paused = excluded.paused, reason = excluded.reason, changed_by = excluded.changed_by, changed_at = clock_timestamp()
