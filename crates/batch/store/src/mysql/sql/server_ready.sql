-- Whether it is a replica nobody may ask without a right of its own: a replica that takes no writes says that. A read_only that this
-- account may pass over counts all the same. MariaDB 12 has it as a word.
SELECT FALSE, CAST(@@global.read_only AS CHAR) NOT IN ('0', 'OFF') OR CAST(@@global.innodb_read_only AS CHAR) NOT IN ('0', 'OFF')
