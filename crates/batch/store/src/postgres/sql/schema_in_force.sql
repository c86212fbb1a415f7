-- One row in any case, of nothing where no version is in force.
SELECT max(version), (array_agg(oldest_program ORDER BY version DESC))[1] FROM {{versions}}
