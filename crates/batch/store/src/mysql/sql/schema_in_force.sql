-- One row in any case, of nothing where no version is in force.
SELECT MAX(v.version), (SELECT o.oldest_program FROM {{versions}} AS o ORDER BY o.version DESC LIMIT 1) FROM {{versions}} AS v
