-- The audit reads whole tables; it is not measured, but waited for.
SELECT set_config('work_mem', '256MB', false), set_config('jit', 'off', false)
