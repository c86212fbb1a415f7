-- Who and when, unless the statement sets the time: then it knows what it does, and says who. A reason goes with its pause.
CREATE TRIGGER cardgenius_control_updated BEFORE UPDATE ON cardgenius_control
FOR EACH ROW SET
    NEW.changed_by = IF(NEW.changed_at <=> OLD.changed_at AND NEW.changed_by <=> OLD.changed_by, USER(), NEW.changed_by),
    NEW.changed_at = IF(NEW.changed_at <=> OLD.changed_at, UTC_TIMESTAMP(6), NEW.changed_at),
    NEW.reason = IF(OLD.paused AND NOT NEW.paused AND NEW.reason <=> OLD.reason, NULL, NEW.reason)
