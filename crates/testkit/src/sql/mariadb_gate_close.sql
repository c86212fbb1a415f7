-- Held until it is opened, or the session ends.
SELECT GET_LOCK(CONCAT('test_gate/', DATABASE()), 60)
