INSERT INTO {{catalogues}} (catalogue_hash, catalogue_text) VALUES ($1, $2) ON CONFLICT (catalogue_hash) DO NOTHING
