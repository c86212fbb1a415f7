-- Not trusted to the default of the server or the role.
BEGIN ISOLATION LEVEL READ COMMITTED
