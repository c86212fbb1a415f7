SET @cardgenius_sql = REPLACE({{statement_literal}}, {{mark_literal}}, (
{{user_key_query}}));
PREPARE cardgenius_step FROM @cardgenius_sql;
EXECUTE cardgenius_step;
DEALLOCATE PREPARE cardgenius_step;
