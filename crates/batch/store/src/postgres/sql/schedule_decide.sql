UPDATE {{schedule}}
SET decided_until = $3, last_fire = coalesce($4, last_fire), next_fire = $5, updated_at = clock_timestamp()
WHERE source_table = $1 AND name = $2
