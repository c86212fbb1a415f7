-- By the index over the unsettled: the completed users are not looked at.
SELECT COUNT(*) FROM {{input}} FORCE INDEX ({{unsettled}}) WHERE processing_status IN ('new', 'pending')
