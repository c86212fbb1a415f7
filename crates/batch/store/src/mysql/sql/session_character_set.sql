-- Before session_settings.sql, whose literals are read in the character set that the session begins with.
SET NAMES utf8mb4
