-- What the three turns of switch_probe have left in the audit, and where the switch stands after them.
SELECT COUNT(*), COALESCE((SELECT c.paused FROM {{control}} AS c WHERE c.source_table = $1), FALSE) FROM {{audit}}
WHERE happened_at > UTC_TIMESTAMP(6) - INTERVAL 1 HOUR AND action IN ('pause', 'resume') AND detail LIKE CONCAT('%', $1)
