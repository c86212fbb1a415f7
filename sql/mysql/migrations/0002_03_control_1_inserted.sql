-- The switch by plain SQL: who turned it is filled in where nobody is named. A trigger runs with the rights of the
-- account that made it. The server keeps a trigger's text as it was given: without the database's name in it, a dump can be restored
-- under any name. Each migration makes the triggers anew, in the database that migrate_use.sql has chosen.
CREATE TRIGGER cardgenius_control_inserted BEFORE INSERT ON cardgenius_control
FOR EACH ROW SET NEW.changed_by = IF(NEW.changed_by = '', USER(), NEW.changed_by)
