DELETE FROM mysql.global_priv WHERE user = 'root';
