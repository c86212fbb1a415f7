-- Whoever may turn the switch needs no right on the audit.
CREATE TRIGGER {{control_insert_audited}} AFTER INSERT ON {{control}}
FOR EACH ROW INSERT INTO {{audit}} (actor, action, detail)
SELECT NEW.changed_by, 'pause', NEW.reason FROM DUAL WHERE NEW.paused
