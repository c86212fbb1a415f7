-- A claim reads the index in key order and stops at its last user, whatever the statistics say: on a table loaded a minute
-- ago, which nobody has analysed, the planner expects few users to be new, and would read and sort all of them each time.
SELECT set_config('enable_bitmapscan', 'off', true), set_config('enable_sort', 'off', true), set_config('enable_seqscan', 'off', true)
