-- Whom session_kill ends: KILL itself takes no parameter on MySQL 9 (ER 6413).
SELECT $1 INTO @cardgenius_session
