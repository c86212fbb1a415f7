UPDATE {{instances}}
SET throttle_share = $2, throttle_reason = $3,
    throttle_since = CASE WHEN $2 IS NOT NULL THEN COALESCE(throttle_since, UTC_TIMESTAMP(6)) END
WHERE instance_id = $1
