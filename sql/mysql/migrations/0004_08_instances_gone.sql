-- Instances that worked under the name of another database. In a copy that was restored beside the original they may be alive and at
-- work there, under the same ids: nothing here may take them for dead and end their sessions. A row this old is not looked at.
UPDATE {{instances}} AS i
SET i.renewed_at = '2000-01-01', i.held_since = '2000-01-01', i.lease_until = '2000-01-01'
WHERE @cardgenius_unused AND @cardgenius_elsewhere
