-- An init_connect of the server's may have locked tables, and then no other table can be read.
UNLOCK TABLES
