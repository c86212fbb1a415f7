-- The closer locks the run in this statement and looks for claims in the next: see database.md, "The run".
SELECT state FROM {{runs}} WHERE run_id = $1 FOR UPDATE
