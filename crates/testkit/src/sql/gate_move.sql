UPDATE public.testkit_gate SET from_key = $1
