INSERT INTO public.testkit_gate (from_key) VALUES ($1)
