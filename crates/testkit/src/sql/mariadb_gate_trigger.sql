-- A row at the gate waits while somebody holds its lock: no statement inside a trigger sees what others commit meanwhile, but
-- this function does. {{from_key}} is a literal.
CREATE TRIGGER test_gate AFTER INSERT ON {{output}} FOR EACH ROW
WHILE NEW.user_id >= {{from_key}} AND IS_USED_LOCK(CONCAT('test_gate/', DATABASE())) IS NOT NULL DO
    DO SLEEP(0.02);
END WHILE
