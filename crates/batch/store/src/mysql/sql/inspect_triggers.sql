-- Those that this account may see, which takes the right TRIGGER.
SELECT t.event_object_table, t.trigger_name, t.event_manipulation
FROM information_schema.triggers AS t
WHERE t.event_object_schema = $1 AND t.event_object_table IN ($2)
