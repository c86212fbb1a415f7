SELECT kind, MAX(closed_at) FROM {{runs}} WHERE source_table = $1 AND state = 'done' GROUP BY kind
