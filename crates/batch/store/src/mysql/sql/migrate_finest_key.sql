-- The type of the output's key where the input is elsewhere: one that compares as finely as the server can, trailing spaces included.
-- MariaDB has utf8mb4_nopad_bin for that, MySQL utf8mb4_0900_bin.
SELECT CONCAT('VARCHAR(50) CHARACTER SET utf8mb4 COLLATE ', f.collation_name)
FROM information_schema.collations AS f
WHERE f.collation_name IN ('utf8mb4_nopad_bin', 'utf8mb4_0900_bin', 'utf8mb4_bin')
ORDER BY FIELD(f.collation_name, 'utf8mb4_nopad_bin', 'utf8mb4_0900_bin', 'utf8mb4_bin')
LIMIT 1
