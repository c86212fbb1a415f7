DELETE FROM {{catalogues}}
WHERE stored_at < UTC_TIMESTAMP(6) - INTERVAL $1 * 1e6 MICROSECOND
    AND NOT EXISTS (SELECT 1 FROM {{runs}} AS r WHERE r.catalogue_hash = {{catalogues}}.catalogue_hash)
ORDER BY stored_at
LIMIT $2
