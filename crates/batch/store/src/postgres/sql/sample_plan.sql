-- By the partial index, whatever the statistics say: the completed users are not looked at. Nor does a sample take a
-- second process of the server's.
SELECT set_config('enable_seqscan', 'off', true), set_config('max_parallel_workers_per_gather', '0', true)
