-- Changes no user, and waits for a lock on the whole table as every update does.
UPDATE {{input}} SET processing_status = processing_status WHERE 1 = 0
