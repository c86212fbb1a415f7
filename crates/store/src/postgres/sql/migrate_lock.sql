-- Two who start together: one waits here for the other. Held by a transaction, so that a pooler does not lose it.
SELECT pg_advisory_xact_lock(hashtextextended('cardgenius migrate', 0))
