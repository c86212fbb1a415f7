-- Waits for slot $2 of $1, for $3 s at most; 1: it is had.
SELECT GET_LOCK(CONCAT('cardgenius/slot/', LEFT(SHA2($1, 256), 40), '/', $2), $3)
