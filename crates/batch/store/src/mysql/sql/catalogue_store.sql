-- A key set to itself: INSERT IGNORE would pass over other faults too. It holds the row until the run is opened, and so keeps
-- a prune away from it.
INSERT INTO {{catalogues}} (catalogue_hash, catalogue_text, stored_at) VALUES ($1, $2, UTC_TIMESTAMP(6))
ON DUPLICATE KEY UPDATE catalogue_hash = $1
