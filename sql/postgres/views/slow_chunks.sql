-- The fifty slowest chunks of the last week.
CREATE OR REPLACE VIEW {{view_slow_chunks}} (
    claim_id, run_id, state, duration, users, users_per_second, owner, host, first_user_id, last_user_id, claimed_at
) AS
SELECT c.claim_id, c.run_id, c.state, date_trunc('milliseconds', c.closed_at - c.claimed_at), c.users,
    round(c.users / greatest(0.001, extract(epoch FROM c.closed_at - c.claimed_at))::numeric, 1),
    c.owner, i.host, c.first_user_id, c.last_user_id, c.claimed_at
FROM {{claims}} AS c
JOIN {{runs}} AS r ON r.run_id = c.run_id
LEFT JOIN {{instances}} AS i ON i.instance_id = c.owner
WHERE c.closed_at > clock_timestamp() - interval '7 days' AND r.source_table = {{source_table_literal}}
ORDER BY c.closed_at - c.claimed_at DESC
LIMIT 50;
COMMENT ON VIEW {{view_slow_chunks}} IS 'CardGenius: the fifty slowest chunks of the last week, the slowest first';
COMMENT ON COLUMN {{view_slow_chunks}}.claim_id IS 'The chunk''s claim';
COMMENT ON COLUMN {{view_slow_chunks}}.run_id IS 'Its run';
COMMENT ON COLUMN {{view_slow_chunks}}.state IS 'finished, returned (given back), or swept (its owner died)';
COMMENT ON COLUMN {{view_slow_chunks}}.duration IS 'From claim to end';
COMMENT ON COLUMN {{view_slow_chunks}}.users IS 'Users claimed';
COMMENT ON COLUMN {{view_slow_chunks}}.users_per_second IS 'Users a second';
COMMENT ON COLUMN {{view_slow_chunks}}.owner IS 'Instance that held it';
COMMENT ON COLUMN {{view_slow_chunks}}.host IS 'Where that instance runs or ran; empty once it is forgotten';
COMMENT ON COLUMN {{view_slow_chunks}}.first_user_id IS 'First of its users';
COMMENT ON COLUMN {{view_slow_chunks}}.last_user_id IS 'Last of its users';
COMMENT ON COLUMN {{view_slow_chunks}}.claimed_at IS 'When it was claimed';
