-- Finds the users to claim, the pending and the failed without a scan. There is no partial index here: it holds the completed
-- too, behind those who are not.
CREATE INDEX {{unsettled}} ON {{input}} (processing_status, crashes, user_id)
    COMMENT 'CardGenius: finds the users to claim, the pending and the failed' ALGORITHM = INPLACE LOCK = NONE
