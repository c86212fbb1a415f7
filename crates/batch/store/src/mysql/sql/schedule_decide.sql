UPDATE {{schedule}}
SET decided_until = $3, last_fire = COALESCE($4, last_fire), next_fire = $5, updated_at = UTC_TIMESTAMP(6)
WHERE source_table = $1 AND name = $2
