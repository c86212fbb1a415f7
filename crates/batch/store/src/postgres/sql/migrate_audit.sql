INSERT INTO {{audit}} (actor, action, detail) VALUES (current_user, 'migrate', $1)
