-- Two who start together: the other one asks again and again. Held by a transaction, so that a pooler does not lose it.
SELECT pg_try_advisory_xact_lock(hashtextextended('cardgenius migrate', 0))
