-- A row at the gate waits for the lock that holds it closed, and frees it at once for the next one: no statement inside a trigger
-- sees what others commit meanwhile, but locks by name it does. {{from_key}} is a literal.
CREATE TRIGGER test_gate AFTER INSERT ON {{output}} FOR EACH ROW
DO IF(NEW.user_id >= {{from_key}},
    GET_LOCK(CONCAT('test_gate/', DATABASE()), 600) AND RELEASE_LOCK(CONCAT('test_gate/', DATABASE())), 0)
