CREATE TRIGGER cardgenius_control_delete_audited AFTER DELETE ON cardgenius_control
FOR EACH ROW INSERT INTO cardgenius_audit (actor, action, detail)
SELECT USER(), 'resume', 'the row was deleted' FROM DUAL WHERE OLD.paused
