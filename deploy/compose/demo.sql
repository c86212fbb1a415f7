-- For docker-compose.yml only, to have something to look at: well-known passwords, a customer's role that owns the
-- table, and users with made-up amounts. Runs once, on the empty database, after the customer's table and roles.sql.
ALTER ROLE cardgenius_daemon LOGIN PASSWORD 'demo';
ALTER ROLE cardgenius_migrator LOGIN PASSWORD 'demo';
ALTER ROLE cardgenius_reader LOGIN PASSWORD 'demo';

CREATE ROLE shop NOLOGIN;
ALTER TABLE user_spending_data OWNER TO shop;
ALTER TYPE processing_status OWNER TO shop;
GRANT shop TO cardgenius_migrator;

-- Monthly rupees, most of them small; the confirmed amount is above the sum of the others.
INSERT INTO user_spending_data (user_id, avg_amazon_gmv, avg_flipkart_gmv, avg_myntra_gmv, avg_ajio_gmv, avg_grocery_gmv, avg_confirmed_gmv)
SELECT 'CK' || lpad(n::text, 7, '0'), a, f, m, j, g, (a + f + m + j + g) * 1.25
FROM (
    SELECT n,
        round((n * 7919 % 10007)::numeric ^ 2 / 10007, 2) AS a, round((n * 104729 % 10007)::numeric ^ 2 / 10007, 2) AS f,
        round((n * 611953 % 5003)::numeric ^ 2 / 5003, 2) AS m, round((n * 15485863 % 5003)::numeric ^ 2 / 5003, 2) AS j,
        round((n * 32452843 % 10007)::numeric ^ 2 / 10007, 2) AS g
    FROM generate_series(1, 5000::bigint) AS n
) AS amounts;
