-- The unique index lets exactly one through. A limited run is for no more users than it may settle.
INSERT INTO {{runs}} (run_id, source_table, kind, opened_for, as_of, catalogue_hash, engine_version, opened_by, backlog,
    scheduled_for, max_users)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, least($9::bigint, $11::bigint), $10, $11::bigint)
ON CONFLICT (source_table) WHERE state = 'open' DO NOTHING
