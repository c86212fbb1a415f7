-- Who holds the lock of migrate_lock: see slot_holder.
SELECT CONCAT('connection ', h.id, COALESCE(CONCAT(', account ', p.user, ', from ', p.host), ', of another account'))
FROM (SELECT IS_USED_LOCK(CONCAT('cardgenius/migrate/', LEFT(SHA2($1, 256), 40))) AS id) AS h
LEFT JOIN information_schema.processlist AS p ON p.id = h.id
WHERE h.id IS NOT NULL
