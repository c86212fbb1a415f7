-- The customer's table of recommendations, where it is not there yet; one that is there is left as it is. Its keys are of the type
-- of those of the table of users, where that is in this database.
DO $do$
DECLARE
    key_type text;
BEGIN
    IF to_regclass({{output_literal}}) IS NULL THEN
        CREATE TABLE {{output}} (
            user_id varchar(50) NOT NULL,
            rank smallint NOT NULL CHECK (rank BETWEEN 1 AND 10),
            card_name varchar(200) NOT NULL,
            total_savings_yearly numeric(12, 2) NOT NULL,
            joining_fees numeric(12, 2) NOT NULL,
            total_extra_benefits numeric(12, 2) NOT NULL,
            net_savings numeric(12, 2) NOT NULL,
            amazon_points numeric(12, 2) NOT NULL,
            flipkart_points numeric(12, 2) NOT NULL,
            myntra_points numeric(12, 2) NOT NULL,
            ajio_points numeric(12, 2) NOT NULL,
            grocery_points numeric(12, 2) NOT NULL,
            other_online_points numeric(12, 2) NOT NULL,
            redemption_method varchar(50),
            redemption_rate numeric(5, 4) NOT NULL,
            PRIMARY KEY (user_id, rank)
        );
        -- Default privileges may open it to every role.
        REVOKE ALL ON {{output}} FROM PUBLIC;
        key_type := (
            SELECT format_type(a.atttypid, a.atttypmod)
                || CASE WHEN a.attcollation <> t.typcollation THEN format(' COLLATE %I.%I', n.nspname, l.collname) ELSE '' END
            FROM pg_attribute AS a
            JOIN pg_type AS t ON t.oid = a.atttypid
            LEFT JOIN pg_collation AS l ON l.oid = a.attcollation
            LEFT JOIN pg_namespace AS n ON n.oid = l.collnamespace
            WHERE a.attrelid = to_regclass({{input_literal}}) AND a.attname = 'user_id' AND NOT a.attisdropped
        );
        IF key_type <> 'character varying(50)' THEN
            EXECUTE format('ALTER TABLE %s ALTER COLUMN user_id TYPE %s', {{output_literal}}, key_type);
        END IF;
        COMMENT ON COLUMN {{output}}.user_id IS 'The user, as in the table of users';
        COMMENT ON COLUMN {{output}}.rank IS '1 (best) to 10';
        COMMENT ON COLUMN {{output}}.card_name IS 'Name of the card';
        COMMENT ON COLUMN {{output}}.total_savings_yearly IS 'What the points of a year are worth, rupees';
        COMMENT ON COLUMN {{output}}.joining_fees IS 'Joining fee, rupees';
        COMMENT ON COLUMN {{output}}.total_extra_benefits IS 'Extra, welcome and milestone benefits of a year, rupees';
        COMMENT ON COLUMN {{output}}.net_savings IS 'total_savings_yearly - joining_fees + total_extra_benefits, rupees; may be negative';
        COMMENT ON COLUMN {{output}}.amazon_points IS 'Points a month on Amazon, after monthly caps';
        COMMENT ON COLUMN {{output}}.flipkart_points IS 'Points a month on Flipkart, after monthly caps';
        COMMENT ON COLUMN {{output}}.myntra_points IS 'Points a month on Myntra, after monthly caps';
        COMMENT ON COLUMN {{output}}.ajio_points IS 'Points a month on Ajio, after monthly caps';
        COMMENT ON COLUMN {{output}}.grocery_points IS 'Points a month on groceries, after monthly caps';
        COMMENT ON COLUMN {{output}}.other_online_points IS 'Points a month on everything else online, after monthly caps';
        COMMENT ON COLUMN {{output}}.redemption_method IS 'How the points are best redeemed; NULL if there are too few for any way';
        COMMENT ON COLUMN {{output}}.redemption_rate IS 'Share of the points'' value that this way pays out';
    END IF;
END
$do$;
