-- A switch of no table, turned in a transaction that is rolled back: its triggers must do what they do for the others.
INSERT INTO {{control}} (source_table, paused, reason) VALUES ($1::text, true, $1::text)
