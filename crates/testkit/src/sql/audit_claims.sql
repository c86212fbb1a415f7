SELECT format('claim %s (%s): %s users are not %s completed + %s failed + %s superseded + %s returned + %s locked, or %s rows are not ten each',
    claim_id, state, users, completed, failed, superseded, returned, left_locked, rows_loaded)
FROM {{claims}}
WHERE rows_loaded <> 10 * completed
    OR completed + failed + superseded + returned + left_locked > users
    OR (state <> 'open' AND completed + failed + superseded + returned + left_locked <> users)
