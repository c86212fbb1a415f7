-- Users that are new, and users that are pending without a claim that holds them. By the index over the unsettled; the rows only of
-- those that are pending.
SELECT (SELECT COUNT(*) FROM {{input}} AS n FORCE INDEX ({{unsettled}}) WHERE n.processing_status = 'new'),
    (SELECT COUNT(*) FROM {{input}} AS p FORCE INDEX ({{unsettled}})
        WHERE p.processing_status = 'pending'
          AND NOT EXISTS (SELECT 1 FROM {{claims}} AS c WHERE c.claim_id = p.claim_id AND c.state = 'open'))
