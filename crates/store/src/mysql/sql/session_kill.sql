-- The connection, and with it whatever it is at: not only its statement.
KILL CONNECTION $1
