-- Nothing else touches an old entry: nobody needs to be passed over, and no right to change entries is needed.
DELETE FROM {{audit}} AS d WHERE d.audit_id IN (
    SELECT a.audit_id FROM {{audit}} AS a
    WHERE a.happened_at < clock_timestamp() - make_interval(secs => $1)
    ORDER BY a.happened_at
    LIMIT $2)
