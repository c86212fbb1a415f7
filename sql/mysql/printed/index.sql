SET @cardgenius_sql = IF((SELECT COUNT(*) FROM information_schema.statistics AS s
    WHERE s.table_schema = {{source_schema_literal}} AND s.table_name = {{input_table_literal}} AND s.index_name = {{unsettled_literal}}) = 0,
    {{statement_literal}}, 'DO 0');
PREPARE cardgenius_step FROM @cardgenius_sql;
EXECUTE cardgenius_step;
DEALLOCATE PREPARE cardgenius_step;
