-- A schedule that is seen for the first time makes up for nothing.
INSERT INTO {{schedule}} (source_table, name, decided_until) VALUES ($1, $2, clock_timestamp())
ON CONFLICT (source_table, name) DO NOTHING
