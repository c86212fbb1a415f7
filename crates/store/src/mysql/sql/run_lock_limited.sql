-- As run_lock_shared, for a run of a limited number of users: one claim after the other.
SELECT r.state, COALESCE((SELECT c.paused FROM {{control}} AS c WHERE c.source_table = r.source_table), FALSE),
    (SELECT c.changed_by FROM {{control}} AS c WHERE c.source_table = r.source_table),
    (SELECT c.reason FROM {{control}} AS c WHERE c.source_table = r.source_table),
    r.max_users
FROM {{runs}} AS r
WHERE r.run_id = $1
FOR UPDATE
