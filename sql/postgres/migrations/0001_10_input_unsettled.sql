-- Finds the users to claim, the pending and the failed without a scan, however many are completed.
CREATE INDEX CONCURRENTLY IF NOT EXISTS {{unsettled}} ON {{input}} (processing_status, user_id) WHERE processing_status <> 'completed';
