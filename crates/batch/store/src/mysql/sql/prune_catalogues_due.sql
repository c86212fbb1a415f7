SELECT EXISTS (
    SELECT 1 FROM {{catalogues}} AS c
    WHERE c.stored_at < UTC_TIMESTAMP(6) - INTERVAL $1 * 1e6 MICROSECOND
        AND NOT EXISTS (SELECT 1 FROM {{runs}} AS r WHERE r.catalogue_hash = c.catalogue_hash))
