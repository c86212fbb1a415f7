-- The switch by plain SQL: who turned it is filled in where nobody is named. A trigger runs with the rights of whoever made it.
CREATE TRIGGER {{control_inserted}} BEFORE INSERT ON {{control}}
FOR EACH ROW SET NEW.changed_by = IF(NEW.changed_by = '', USER(), NEW.changed_by)
