-- One row from the start, so that an UPDATE hits something. Not by way of a duplicate key: that would pass for a turn of it.
INSERT INTO {{control}} (source_table)
SELECT wanted.source_table FROM (SELECT {{source_table_literal}} AS source_table) AS wanted
WHERE wanted.source_table NOT IN (SELECT c.source_table FROM {{control}} AS c)
