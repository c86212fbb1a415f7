-- The connection that session_to_kill named, and with it whatever it is at: not only its statement.
KILL CONNECTION @cardgenius_session
