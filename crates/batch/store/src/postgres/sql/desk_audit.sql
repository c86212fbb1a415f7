INSERT INTO {{audit}} (actor, action, run_id, detail) VALUES (session_user || ' (' || $1::text || ')', $2, $3, $4)
