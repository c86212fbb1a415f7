DROP USER IF EXISTS 'root'@'localhost';
