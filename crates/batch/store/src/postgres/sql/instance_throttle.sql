UPDATE {{instances}}
SET throttle_share = $2::double precision, throttle_reason = $3,
    throttle_since = CASE WHEN $2::double precision IS NOT NULL THEN coalesce(throttle_since, clock_timestamp()) END
WHERE instance_id = $1
