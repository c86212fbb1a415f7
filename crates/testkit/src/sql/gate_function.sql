-- Key (1735488613, 1) is the gate: held exclusively it is closed. Whoever holds (1735488613, 2) has come to it. The key from
-- which it stands is read at each look: it can be moved away from those who wait.
CREATE FUNCTION public.testkit_gate() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    WHILE EXISTS (SELECT FROM loaded WHERE user_id >= (SELECT from_key FROM public.testkit_gate))
        AND NOT pg_try_advisory_xact_lock_shared(1735488613, 1) LOOP
        PERFORM pg_advisory_xact_lock_shared(1735488613, 2);
        PERFORM pg_sleep(0.01);
    END LOOP;
    RETURN NULL;
END
$$
