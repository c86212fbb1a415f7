-- A lease that had run out starts anew: who was silent must hold it for a full length before it may sweep others. The old lease
-- is looked at first: an assignment here sees what those before it have set.
UPDATE {{instances}}
SET held_since = CASE WHEN lease_until < UTC_TIMESTAMP(6) THEN UTC_TIMESTAMP(6) ELSE held_since END,
    renewed_at = UTC_TIMESTAMP(6), lease_until = UTC_TIMESTAMP(6) + INTERVAL $2 * 1e6 MICROSECOND
WHERE instance_id = $1
