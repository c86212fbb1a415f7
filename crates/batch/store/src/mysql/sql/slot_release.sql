-- Gives slot $2 of $1 back.
SELECT RELEASE_LOCK(CONCAT('cardgenius/slot/', LEFT(SHA2($1, 256), 40), '/', $2))
