-- Who holds slot $2 of $1: a lock of this kind is for any account to take. Without the right PROCESS an account sees its own sessions only.
SELECT CONCAT('connection ', h.id, COALESCE(CONCAT(', account ', p.user, ', from ', p.host), ', of another account'))
FROM (SELECT IS_USED_LOCK(CONCAT('cardgenius/slot/', LEFT(SHA2($1, 256), 40), '/', $2)) AS id) AS h
LEFT JOIN information_schema.processlist AS p ON p.id = h.id
WHERE h.id IS NOT NULL
