-- Triggers are made with names that name no database.
USE {{source_schema}}
