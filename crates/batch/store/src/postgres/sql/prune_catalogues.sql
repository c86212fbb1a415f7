DELETE FROM {{catalogues}} AS d WHERE d.catalogue_hash IN (
    SELECT c.catalogue_hash FROM {{catalogues}} AS c
    WHERE c.stored_at < clock_timestamp() - make_interval(secs => $1)
        AND NOT EXISTS (SELECT FROM {{runs}} AS r WHERE r.catalogue_hash = c.catalogue_hash)
    ORDER BY c.stored_at
    LIMIT $2)
