-- What the three turns of switch_probe have left in the audit, and where the switch stands after them.
SELECT count(*), coalesce((SELECT c.paused FROM {{control}} AS c WHERE c.source_table = $1::text), false) FROM {{audit}}
WHERE happened_at > clock_timestamp() - interval '1 hour' AND action IN ('pause', 'resume') AND detail LIKE '%' || $1::text
