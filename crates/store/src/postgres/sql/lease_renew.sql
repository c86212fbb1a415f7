-- A lease that had run out starts anew: who was silent must hold it for a full length before it may sweep others.
UPDATE {{instances}}
SET lease_until = clock_timestamp() + make_interval(secs => $2), renewed_at = clock_timestamp(),
    held_since = CASE WHEN lease_until < clock_timestamp() THEN clock_timestamp() ELSE held_since END
WHERE instance_id = $1
