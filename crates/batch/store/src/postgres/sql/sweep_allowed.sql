-- After an outage everybody's lease has run out, and all are alive: first a full length of one's own, on this server start.
SELECT EXISTS (
    SELECT FROM {{instances}}
    WHERE instance_id = $1
      AND lease_until > clock_timestamp()
      AND held_since <= clock_timestamp() - make_interval(secs => $2)
      AND pg_postmaster_start_time() <= clock_timestamp() - make_interval(secs => $2)
)
