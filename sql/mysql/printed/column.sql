SET @cardgenius_sql = IF((SELECT COUNT(*) FROM information_schema.columns AS c
    WHERE c.table_schema = {{source_schema_literal}} AND c.table_name = {{input_table_literal}} AND c.column_name = {{column_literal}}) = 0,
    {{statement_literal}}, 'DO 0');
PREPARE cardgenius_step FROM @cardgenius_sql;
EXECUTE cardgenius_step;
DEALLOCATE PREPARE cardgenius_step;
