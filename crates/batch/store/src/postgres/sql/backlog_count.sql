-- Served by the partial index: the completed users are not looked at.
SELECT count(*) FROM {{input}} WHERE processing_status IN ('new', 'pending')
