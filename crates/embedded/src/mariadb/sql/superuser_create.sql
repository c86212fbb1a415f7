CREATE USER IF NOT EXISTS {{superuser}} IDENTIFIED BY {{password}};
