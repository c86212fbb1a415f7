-- By copying files: the log of a copy by pages would be as large as the database.
CREATE DATABASE {{database}} TEMPLATE {{template}} STRATEGY file_copy
