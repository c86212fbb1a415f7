SELECT RELEASE_LOCK(CONCAT('cardgenius/slot/', LEFT(SHA2($1, 256), 40), '/', $2))
