-- The history of the table, whose runs are all closed by now. Last, for it is what shows that the name is in use.
UPDATE {{runs}} AS r
SET r.source_table = {{source_table_literal}}
WHERE r.state <> 'open' AND JSON_CONTAINS(@cardgenius_gone, JSON_QUOTE(r.source_table)) AND JSON_LENGTH(@cardgenius_gone) = 1
    AND @cardgenius_unused
