-- Whose session $1 is: see slot_holder.
SELECT CONCAT('connection ', h.id, COALESCE(CONCAT(', account ', p.user, ', from ', p.host), ', of another account'))
FROM (SELECT CAST($1 AS UNSIGNED) AS id) AS h
LEFT JOIN information_schema.processlist AS p ON p.id = h.id
