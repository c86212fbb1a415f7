-- Before users of this claim are returned: whoever comes late with its rows is refused. Waits for a load under way.
INSERT INTO {{fence}} (claim_id, part, loaded)
VALUES ($1, $2, false)
ON CONFLICT (claim_id, part) DO UPDATE SET loaded = false, written_at = clock_timestamp()
