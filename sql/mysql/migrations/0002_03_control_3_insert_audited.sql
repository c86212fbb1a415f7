-- Whoever may turn the switch needs no right on the audit.
CREATE TRIGGER cardgenius_control_insert_audited AFTER INSERT ON cardgenius_control
FOR EACH ROW INSERT INTO cardgenius_audit (actor, action, detail)
SELECT NEW.changed_by, 'pause', NEW.reason FROM DUAL WHERE NEW.paused
