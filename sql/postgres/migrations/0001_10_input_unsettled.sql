-- Finds the users to claim, the pending and the failed without a scan, however many are completed.
-- Built outside any transaction, whose names are found by the role's own path: the operator is written out with its schema.
CREATE INDEX CONCURRENTLY IF NOT EXISTS {{unsettled}} ON {{input}} (processing_status, user_id) WHERE processing_status OPERATOR(pg_catalog.<>) 'completed';
