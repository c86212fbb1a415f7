-- The roles that CardGenius needs, with the least rights with which it works. For the mysql or mariadb client, as an
-- administrator (who may create roles and grant; the procedure below is dropped at the end):
--   mysql DATABASE < roles.sql
--   mysql DATABASE -e "SET @schema = 'shop', @table = 'users', @target_schema = 'shop', @target_table = 'cards'; SOURCE roles.sql"
-- Run it before the migration, which makes the roles, and again after each migration, which grants what is new; with the
-- recommendations on a second server, there too. It may be run at any time, and takes nothing back: whoever wants less than an
-- earlier run gave drops the roles while nothing runs, and runs it anew.
--
-- Nobody can sign in as any of them. An account is given one, and has it from the start of each session:
--   CREATE USER app IDENTIFIED BY '...';    GRANT cardgenius_daemon TO app;
--   SET DEFAULT ROLE cardgenius_daemon TO app;      -- MySQL
--   SET DEFAULT ROLE cardgenius_daemon FOR app;     -- MariaDB
-- All instances must sign in with one and the same account: they end the sessions of the dead among them, which a server allows
-- for one's own account only.
--
-- The triggers of the switch run with the rights of the account that migrates: do not drop that account
-- (to lock it is fine). Where the server writes a binary log, it must also be allowed to make triggers: SUPER, or
-- log_bin_trust_function_creators = 1 while it migrates. Who does not want that lets an administrator run what
-- `cardgenius migrate --print` prints; then cardgenius_migrator is not needed.
--
-- What the throttle may see beside what everybody sees is up to you:
--   GRANT PROCESS ON *.* TO cardgenius_daemon;                -- who waits for locks; on MySQL also:
--   GRANT SELECT ON performance_schema.data_lock_waits TO cardgenius_daemon;

-- What the statements below depend on, whatever the server, the account or the client has preset.
SET NAMES utf8mb4 COLLATE utf8mb4_general_ci;
SET SESSION sql_mode = 'STRICT_TRANS_TABLES,NO_ENGINE_SUBSTITUTION', autocommit = 1, completion_type = 0,
    sql_select_limit = 18446744073709551615, max_join_size = 18446744073709551615, sql_big_selects = 1, group_concat_max_len = 65536
    /*M!, max_statement_time = 0, old_mode = '' */
    /*!80000 , max_execution_time = 0 */;

SET @schema = COALESCE(@schema, DATABASE()), @table = COALESCE(@table, 'user_spending_data'),
    @target_schema = COALESCE(@target_schema, @schema, DATABASE()), @target_table = COALESCE(@target_table, 'card_recommendations');
-- The optional columns of the input, as in source.columns; empty where there is none.
SET @monthly_income = COALESCE(@monthly_income, ''), @credit_score = COALESCE(@credit_score, '');

CREATE ROLE IF NOT EXISTS cardgenius_daemon, cardgenius_migrator, cardgenius_reader;

DROP PROCEDURE IF EXISTS cardgenius_grant;
DROP PROCEDURE IF EXISTS cardgenius_grant_here;
DROP PROCEDURE IF EXISTS cardgenius_grant_view;
DELIMITER //

-- Grants on a table that is there; of one that is not, says so: none of ours are, before the migration, and the fence only is
-- where there are two databases.
CREATE PROCEDURE cardgenius_grant(role_name VARCHAR(64), rights TEXT, schema_name VARCHAR(64), table_name_ VARCHAR(64))
SQL SECURITY INVOKER
BEGIN
    IF EXISTS (
        SELECT 1 FROM information_schema.tables AS t
        WHERE t.table_schema = CONVERT(schema_name USING utf8mb4) AND t.table_name = CONVERT(table_name_ USING utf8mb4)
    ) THEN
        SET @cardgenius_sql = CONCAT('GRANT ', rights, ' ON `', REPLACE(schema_name, '`', '``'), '`.`',
            REPLACE(table_name_, '`', '``'), '` TO ', role_name);
        PREPARE cardgenius_statement FROM @cardgenius_sql;
        EXECUTE cardgenius_statement;
        DEALLOCATE PREPARE cardgenius_statement;
    ELSE
        SELECT CONCAT('not there: ', schema_name, '.', table_name_, ', for ', role_name) AS `granted when this is run again`;
    END IF;
END//

-- Grants on a whole database, where it is on this server.
CREATE PROCEDURE cardgenius_grant_here(role_name VARCHAR(64), rights TEXT, schema_name VARCHAR(64))
SQL SECURITY INVOKER
BEGIN
    IF EXISTS (
        SELECT 1 FROM information_schema.schemata AS s WHERE s.schema_name = CONVERT(schema_name USING utf8mb4)
    ) THEN
        -- An underscore would stand for any character here.
        SET @cardgenius_sql = CONCAT('GRANT ', rights, ' ON `',
            REPLACE(REPLACE(schema_name, '`', '``'), '_', CONCAT(CHAR(92 USING utf8mb4), '_')), '`.* TO ', role_name);
        PREPARE cardgenius_statement FROM @cardgenius_sql;
        EXECUTE cardgenius_statement;
        DEALLOCATE PREPARE cardgenius_statement;
    END IF;
END//

-- Grants the replacing of a view, where its database is on this server.
CREATE PROCEDURE cardgenius_grant_view(role_name VARCHAR(64), schema_name VARCHAR(64), view_name VARCHAR(64))
SQL SECURITY INVOKER
BEGIN
    IF EXISTS (
        SELECT 1 FROM information_schema.schemata AS s WHERE s.schema_name = CONVERT(schema_name USING utf8mb4)
    ) THEN
        SET @cardgenius_sql = CONCAT('GRANT CREATE, DROP ON `', REPLACE(schema_name, '`', '``'), '`.`', view_name, '` TO ', role_name);
        PREPARE cardgenius_statement FROM @cardgenius_sql;
        EXECUTE cardgenius_statement;
        DEALLOCATE PREPARE cardgenius_statement;
    END IF;
END//

DELIMITER ;

-- The daemon: what is granted here is what `cardgenius check` asks for, neither more nor less.
SET @input_columns = CONCAT('user_id, avg_amazon_gmv, avg_flipkart_gmv, avg_myntra_gmv, avg_ajio_gmv, avg_grocery_gmv, ',
    'avg_confirmed_gmv, processing_status, processing_error',
    IF(@monthly_income = '', '', CONCAT(', `', REPLACE(@monthly_income, '`', '``'), '`')),
    IF(@credit_score = '', '', CONCAT(', `', REPLACE(@credit_score, '`', '``'), '`')));
CALL cardgenius_grant('cardgenius_daemon', CONCAT('SELECT (', @input_columns, '), UPDATE (processing_status, processing_error)'),
    @schema, @table);
-- Our columns of the input, which the migration adds.
SET @our_columns = (
    SELECT GROUP_CONCAT(c.column_name ORDER BY c.ordinal_position SEPARATOR ', ') FROM information_schema.columns AS c
    WHERE c.table_schema = @schema AND c.table_name = @table
        AND c.column_name IN ('claim_id', 'attempts', 'crashes', 'processed_at'));
CALL cardgenius_grant('cardgenius_daemon',
    COALESCE(CONCAT('SELECT (', @our_columns, '), UPDATE (', @our_columns, ')'), 'USAGE'), @schema, @table);
CALL cardgenius_grant('cardgenius_daemon', CONCAT('SELECT (user_id), DELETE, INSERT (user_id, `rank`, card_name, ',
    'total_savings_yearly, joining_fees, total_extra_benefits, net_savings, amazon_points, flipkart_points, myntra_points, ',
    'ajio_points, grocery_points, other_online_points, redemption_method, redemption_rate)'), @target_schema, @target_table);
CALL cardgenius_grant('cardgenius_daemon', 'SELECT', @schema, 'cardgenius_schema_version');
CALL cardgenius_grant('cardgenius_daemon', 'SELECT, INSERT, UPDATE, DELETE', @schema, 'cardgenius_catalogues');
CALL cardgenius_grant('cardgenius_daemon', 'SELECT, INSERT, UPDATE, DELETE', @schema, 'cardgenius_runs');
CALL cardgenius_grant('cardgenius_daemon', 'SELECT, INSERT, UPDATE, DELETE', @schema, 'cardgenius_instances');
CALL cardgenius_grant('cardgenius_daemon', 'SELECT, INSERT, UPDATE, DELETE', @schema, 'cardgenius_claims');
CALL cardgenius_grant('cardgenius_daemon', 'SELECT, INSERT, UPDATE', @schema, 'cardgenius_schedule');
CALL cardgenius_grant('cardgenius_daemon', 'SELECT, INSERT, UPDATE, DELETE', @schema, 'cardgenius_fires');
CALL cardgenius_grant('cardgenius_daemon', 'SELECT, INSERT, UPDATE', @schema, 'cardgenius_control');
CALL cardgenius_grant('cardgenius_daemon', 'SELECT, INSERT, DELETE', @schema, 'cardgenius_audit');
CALL cardgenius_grant('cardgenius_daemon', 'SELECT, INSERT, UPDATE, DELETE', @target_schema, 'cardgenius_fence');

-- People read all tables and views of ours. The views run with the rights of the account that reads: these rights are what the views
-- need. Spending is not among the columns.
CALL cardgenius_grant('cardgenius_reader', 'SELECT (user_id, processing_status, processing_error)', @schema, @table);
CALL cardgenius_grant('cardgenius_reader', COALESCE(CONCAT('SELECT (', @our_columns, ')'), 'USAGE'), @schema, @table);
-- The points and the rupees of ten cards, with the catalogue's rates, are equations from which the spending follows.
CALL cardgenius_grant('cardgenius_reader',
    'SELECT (user_id, `rank`, card_name, joining_fees, redemption_method, redemption_rate)', @target_schema, @target_table);
CALL cardgenius_grant('cardgenius_reader', 'SELECT', @schema, 'cardgenius_schema_version');
CALL cardgenius_grant('cardgenius_reader', 'SELECT', @schema, 'cardgenius_catalogues');
CALL cardgenius_grant('cardgenius_reader', 'SELECT', @schema, 'cardgenius_runs');
CALL cardgenius_grant('cardgenius_reader', 'SELECT', @schema, 'cardgenius_instances');
CALL cardgenius_grant('cardgenius_reader', 'SELECT', @schema, 'cardgenius_claims');
CALL cardgenius_grant('cardgenius_reader', 'SELECT', @schema, 'cardgenius_schedule');
CALL cardgenius_grant('cardgenius_reader', 'SELECT', @schema, 'cardgenius_fires');
CALL cardgenius_grant('cardgenius_reader', 'SELECT', @schema, 'cardgenius_control');
CALL cardgenius_grant('cardgenius_reader', 'SELECT', @schema, 'cardgenius_audit');
CALL cardgenius_grant('cardgenius_reader', 'SELECT', @schema, 'cardgenius_status');
CALL cardgenius_grant('cardgenius_reader', 'SELECT', @schema, 'cardgenius_progress');
CALL cardgenius_grant('cardgenius_reader', 'SELECT', @schema, 'cardgenius_stuck');
CALL cardgenius_grant('cardgenius_reader', 'SELECT', @schema, 'cardgenius_recent_runs');
CALL cardgenius_grant('cardgenius_reader', 'SELECT', @schema, 'cardgenius_slow_chunks');
CALL cardgenius_grant('cardgenius_reader', 'SELECT', @target_schema, 'cardgenius_fence');

-- The migrator: on whole databases, because what it makes is not there yet. Views are replaced, which asks for DROP, on them and
-- on nothing else; with CREATE such a right may be given before the view is there.
CALL cardgenius_grant_here('cardgenius_migrator',
    'SELECT, INSERT, UPDATE, CREATE, ALTER, INDEX, REFERENCES, TRIGGER, CREATE VIEW, SHOW VIEW', @schema);
CALL cardgenius_grant_here('cardgenius_migrator', 'SELECT, INSERT, CREATE, ALTER, INDEX', @target_schema);
CALL cardgenius_grant_view('cardgenius_migrator', @schema, 'cardgenius_status');
CALL cardgenius_grant_view('cardgenius_migrator', @schema, 'cardgenius_progress');
CALL cardgenius_grant_view('cardgenius_migrator', @schema, 'cardgenius_stuck');
CALL cardgenius_grant_view('cardgenius_migrator', @schema, 'cardgenius_recent_runs');
CALL cardgenius_grant_view('cardgenius_migrator', @schema, 'cardgenius_slow_chunks');

DROP PROCEDURE cardgenius_grant;
DROP PROCEDURE cardgenius_grant_here;
DROP PROCEDURE cardgenius_grant_view;
