INSERT INTO {{audit}} (actor, action, detail) VALUES (USER(), 'migrate', $1)
