-- Before users of this claim are returned: whoever comes late with its rows is refused. Waits for a load under way.
INSERT INTO {{fence}} (claim_id, part, loaded, written_at)
VALUES ($1, $2, FALSE, UTC_TIMESTAMP(6))
ON DUPLICATE KEY UPDATE loaded = FALSE, written_at = UTC_TIMESTAMP(6)
