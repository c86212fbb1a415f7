INSERT INTO {{instances}} (instance_id, host, process_id, program_version, started_at, renewed_at, held_since, lease_until)
VALUES ($1, $2, $3, $4, UTC_TIMESTAMP(6), UTC_TIMESTAMP(6), UTC_TIMESTAMP(6),
    UTC_TIMESTAMP(6) + INTERVAL $5 * 1e6 MICROSECOND)
ON DUPLICATE KEY UPDATE
    lease_until = UTC_TIMESTAMP(6) + INTERVAL $5 * 1e6 MICROSECOND,
    renewed_at = UTC_TIMESTAMP(6), held_since = UTC_TIMESTAMP(6)
