-- In the form for several tables, which alone takes an index to go by: a scan of a small table would wait for rows that others hold
-- locked.
DELETE o FROM {{output}} AS o FORCE INDEX ({{output_key}}) WHERE o.user_id IN ($1)
