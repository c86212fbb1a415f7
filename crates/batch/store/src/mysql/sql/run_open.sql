-- The unique key lets exactly one through; of another one nothing is changed. How many rows that came to says nothing here, where
-- an UPDATE that changes nothing counts: whether it is ours, its id says. A limited run is for no more users than it may settle.
INSERT INTO {{runs}} (run_id, source_table, kind, opened_for, as_of, catalogue_hash, engine_version, opened_by, backlog,
    scheduled_for, max_users, opened_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, LEAST($9, COALESCE($11, $9)), $10, $11, UTC_TIMESTAMP(6))
ON DUPLICATE KEY UPDATE kind = kind
