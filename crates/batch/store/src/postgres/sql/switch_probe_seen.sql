-- What the three turns of switch_probe have left in the audit.
SELECT count(*) FROM {{audit}}
WHERE happened_at > clock_timestamp() - interval '1 hour' AND action IN ('pause', 'resume') AND detail LIKE '%' || $1::text
