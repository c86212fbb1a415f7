-- Those that this account may see: on MySQL that takes the right TRIGGER; MariaDB hides the definer without it.
SELECT t.event_object_table, t.trigger_name, t.event_manipulation, t.definer
FROM information_schema.triggers AS t
WHERE t.event_object_schema = $1 AND t.event_object_table IN ($2)
