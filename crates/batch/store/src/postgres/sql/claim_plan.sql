-- A claim reads the index in key order and stops at its last user, whatever the statistics say: on a table loaded a minute
-- ago, which nobody has analysed, the planner expects few users to be new, and would read and sort all of them each time. And it
-- updates them where they lie: a hash join would read the whole table to find again the users that were just read.
SELECT set_config('enable_bitmapscan', 'off', true), set_config('enable_sort', 'off', true), set_config('enable_seqscan', 'off', true),
    set_config('enable_hashjoin', 'off', true), set_config('enable_mergejoin', 'off', true)
