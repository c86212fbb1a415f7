-- Those with a fire to come, and those that fired once.
SELECT n.name, COALESCE(f.fire_at, s.last_fire), f.outcome, s.next_fire
FROM (
    SELECT x.name FROM {{schedule}} AS x WHERE x.source_table = $1
    UNION
    SELECT y.name FROM {{fires}} AS y WHERE y.source_table = $1
) AS n
LEFT JOIN {{schedule}} AS s ON s.source_table = $1 AND s.name = n.name
LEFT JOIN {{fires}} AS f ON f.source_table = $1 AND f.name = n.name
    AND f.fire_at = (SELECT MAX(z.fire_at) FROM {{fires}} AS z WHERE z.source_table = $1 AND z.name = n.name)
ORDER BY s.next_fire IS NULL, s.next_fire, n.name
