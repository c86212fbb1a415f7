-- By a statement: the variable has another name on MariaDB than on MySQL.
SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED, READ WRITE
