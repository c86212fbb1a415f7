-- Those with a fire to come, and those that fired once.
SELECT coalesce(s.name, f.name) AS name, coalesce(f.fire_at, s.last_fire), f.outcome, s.next_fire
FROM (SELECT x.name, x.last_fire, x.next_fire FROM {{schedule}} AS x WHERE x.source_table = $1) AS s
FULL JOIN (
    SELECT DISTINCT ON (y.name) y.name, y.fire_at, y.outcome FROM {{fires}} AS y
    WHERE y.source_table = $1 ORDER BY y.name, y.fire_at DESC
) AS f ON f.name = s.name
ORDER BY s.next_fire, name
