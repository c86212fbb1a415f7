-- The runs opened since the measuring began.
SELECT state, as_of FROM cardgenius_runs WHERE opened_at >= $1 ORDER BY opened_at
