-- What the claims of this run say: those still open, users completed and failed, rows loaded.
SELECT count(*) FILTER (WHERE state = 'open'), coalesce(sum(completed), 0)::bigint, coalesce(sum(failed), 0)::bigint,
    coalesce(sum(rows_loaded), 0)::bigint
FROM cardgenius_claims
WHERE claimed_at >= $1
