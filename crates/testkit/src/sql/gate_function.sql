-- Key (1735488613, 1) is the gate: held exclusively it is closed. Whoever holds (1735488613, 2) has come to it.
CREATE FUNCTION public.testkit_gate() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM loaded WHERE user_id >= (SELECT from_key FROM public.testkit_gate)) THEN
        PERFORM pg_advisory_xact_lock_shared(1735488613, 2);
        WHILE NOT pg_try_advisory_xact_lock_shared(1735488613, 1) LOOP
            PERFORM pg_sleep(0.01);
        END LOOP;
    END IF;
    RETURN NULL;
END
$$
