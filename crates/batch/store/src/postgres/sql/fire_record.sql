-- One that was taken for missed by a clock that went ahead may still come.
INSERT INTO {{fires}} AS f (source_table, name, fire_at, outcome, run_id, decided_by) VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (source_table, name, fire_at) DO UPDATE
SET outcome = excluded.outcome, run_id = excluded.run_id, decided_by = excluded.decided_by, decided_at = clock_timestamp()
WHERE f.outcome = 'missed'
