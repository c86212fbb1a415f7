-- Whoever opens a run has written its catalogue's row before (catalogue_store): nobody is in between while this holds. A lock on
-- the table would end the transaction.
SELECT catalogue_hash FROM {{catalogues}} ORDER BY catalogue_hash FOR UPDATE
