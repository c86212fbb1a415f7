-- What an interrupted CREATE INDEX CONCURRENTLY leaves behind is never used, and has to be paid for at every update.
DROP INDEX CONCURRENTLY IF EXISTS {{unsettled_qualified}}
