-- Users completed by each instance since the run began.
SELECT sum(completed)::bigint FROM cardgenius_claims WHERE claimed_at >= $1 GROUP BY owner ORDER BY 1 DESC
