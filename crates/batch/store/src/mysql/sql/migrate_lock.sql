-- Two who start together: the other one asks again and again. DDL, which commits by itself, leaves such a lock alone.
SELECT GET_LOCK(CONCAT('cardgenius/migrate/', LEFT(SHA2($1, 256), 40)), 0)
