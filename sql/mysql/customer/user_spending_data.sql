-- The customer's table of users, as it is before CardGenius comes: an example, used by the tests.
CREATE TABLE user_spending_data (
    user_id VARCHAR(50) NOT NULL PRIMARY KEY,
    avg_amazon_gmv DECIMAL(12, 2),
    avg_flipkart_gmv DECIMAL(12, 2),
    avg_myntra_gmv DECIMAL(12, 2),
    avg_ajio_gmv DECIMAL(12, 2),
    avg_grocery_gmv DECIMAL(12, 2),
    avg_confirmed_gmv DECIMAL(12, 2),
    processing_status ENUM ('new', 'pending', 'completed', 'failed') NOT NULL DEFAULT 'new',
    processing_error TEXT
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4;
