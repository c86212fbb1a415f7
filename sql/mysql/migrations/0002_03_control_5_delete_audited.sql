CREATE TRIGGER {{control_delete_audited}} AFTER DELETE ON {{control}}
FOR EACH ROW INSERT INTO {{audit}} (actor, action, detail)
SELECT USER(), 'resume', 'the row was deleted' FROM DUAL WHERE OLD.paused
