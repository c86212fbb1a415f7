-- The server shall notice within a minute that our host is lost, and not after two hours, as it does by default: until then the
-- session would hold its locks. Any role may set these for itself. A Unix socket needs none of it, and ignores it.
SELECT pg_catalog.set_config('tcp_keepalives_idle', '20', false), pg_catalog.set_config('tcp_keepalives_interval', '10', false),
       pg_catalog.set_config('tcp_keepalives_count', '3', false), pg_catalog.set_config('tcp_user_timeout', '60000', false)
