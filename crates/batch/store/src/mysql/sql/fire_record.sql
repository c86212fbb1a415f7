-- One that was taken for missed by a clock that went ahead may still come. The outcome last: an assignment here sees what those
-- before it have set.
INSERT INTO {{fires}} (source_table, name, fire_at, outcome, run_id, decided_by, decided_at)
VALUES ($1, $2, $3, $4, $5, $6, UTC_TIMESTAMP(6))
ON DUPLICATE KEY UPDATE
    run_id = CASE WHEN outcome = 'missed' THEN $5 ELSE run_id END,
    decided_by = CASE WHEN outcome = 'missed' THEN $6 ELSE decided_by END,
    decided_at = CASE WHEN outcome = 'missed' THEN UTC_TIMESTAMP(6) ELSE decided_at END,
    outcome = CASE WHEN outcome = 'missed' THEN $4 ELSE outcome END
