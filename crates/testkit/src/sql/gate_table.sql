CREATE TABLE public.testkit_gate (from_key text NOT NULL)
