-- The savepoint of one load.
ROLLBACK TO SAVEPOINT `load`
