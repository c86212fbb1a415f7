SELECT r.run_id, r.kind, r.as_of, r.catalogue_hash, c.catalogue_text, r.backlog
FROM {{runs}} AS r
JOIN {{catalogues}} AS c USING (catalogue_hash)
WHERE r.source_table = $1 AND r.state = 'open'
