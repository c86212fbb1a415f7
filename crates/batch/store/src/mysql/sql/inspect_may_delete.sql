-- Prepared, and never run: whether the account may.
DELETE FROM {{probed}} WHERE FALSE
