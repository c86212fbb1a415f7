-- The customer's table of users, as it is before CardGenius comes: an example, used by the demo and the tests.
CREATE TYPE processing_status AS ENUM ('new', 'pending', 'completed', 'failed');

CREATE TABLE user_spending_data (
    user_id varchar(50) PRIMARY KEY,
    avg_amazon_gmv numeric(12, 2),
    avg_flipkart_gmv numeric(12, 2),
    avg_myntra_gmv numeric(12, 2),
    avg_ajio_gmv numeric(12, 2),
    avg_grocery_gmv numeric(12, 2),
    avg_confirmed_gmv numeric(12, 2),
    processing_status processing_status NOT NULL DEFAULT 'new',
    processing_error text
);
