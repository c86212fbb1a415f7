SELECT EXISTS (
    SELECT FROM {{catalogues}} AS c
    WHERE c.stored_at < clock_timestamp() - make_interval(secs => $1)
        AND NOT EXISTS (SELECT FROM {{runs}} AS r WHERE r.catalogue_hash = c.catalogue_hash))
