-- What the program's own books say: completed users, and claims that are open.
SELECT COALESCE(SUM(completed), 0), COALESCE(SUM(state = 'open'), 0) FROM cardgenius_claims
