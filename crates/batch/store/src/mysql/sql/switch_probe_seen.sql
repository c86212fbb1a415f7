-- What the three turns of switch_probe have left in the audit.
SELECT COUNT(*) FROM {{audit}}
WHERE happened_at > UTC_TIMESTAMP(6) - INTERVAL 1 HOUR AND action IN ('pause', 'resume') AND detail LIKE CONCAT('%', $1)
