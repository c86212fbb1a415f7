CREATE TRIGGER cardgenius_control_update_audited AFTER UPDATE ON cardgenius_control
FOR EACH ROW INSERT INTO cardgenius_audit (actor, action, detail)
SELECT NEW.changed_by, IF(NEW.paused, 'pause', 'resume'), IF(NEW.paused, NEW.reason, CONCAT('paused since ',
    DATE_FORMAT(OLD.changed_at, '%Y-%m-%d %H:%i:%s'), ' UTC by ', OLD.changed_by, ': ', COALESCE(OLD.reason, 'no reason given')))
FROM DUAL
WHERE (NEW.paused AND NOT (OLD.paused AND NEW.reason <=> OLD.reason)) OR (OLD.paused AND NOT NEW.paused)
