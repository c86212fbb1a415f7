SELECT r.run_id, r.kind, r.as_of, r.catalogue_hash, c.catalogue_text, r.backlog
FROM {{runs}} AS r
JOIN {{catalogues}} AS c ON c.catalogue_hash = r.catalogue_hash
WHERE r.open_source = $1
