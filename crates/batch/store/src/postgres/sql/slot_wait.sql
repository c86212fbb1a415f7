-- Waits for slot $2 of $1, for $3 ms at most; then the limit of the transaction's other locks, $4, holds again. Evaluated
-- from left to right.
SELECT set_config('lock_timeout', $3, true),
       pg_advisory_xact_lock(hashtextextended('cardgenius slot ' || $1, $2)),
       set_config('lock_timeout', $4, true)
