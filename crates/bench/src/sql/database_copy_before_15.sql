-- Before version 15 files are what is copied.
CREATE DATABASE {{database}} TEMPLATE {{template}}
