-- In words that every kind of database has: a line a user whose rows are not just ten of the ranks 1 to 10.
SELECT concat_ws('|', o.user_id, count(*), min(o.rank), max(o.rank), count(DISTINCT o.rank))
FROM {{output}} AS o
GROUP BY o.user_id
HAVING count(*) <> 10 OR min(o.rank) <> 1 OR max(o.rank) <> 10 OR count(DISTINCT o.rank) <> 10
