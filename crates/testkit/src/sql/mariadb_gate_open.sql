-- One if it was closed.
SELECT RELEASE_LOCK(CONCAT('test_gate/', DATABASE()))
