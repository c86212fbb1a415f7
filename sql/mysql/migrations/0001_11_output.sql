-- The customer's table of recommendations, where it is not there yet; one that is there is left as it is. Its keys are as
-- long as those of the table of users beside it, and compare as they do; in another database than that, as finely as the server can (MySQL and MariaDB have
-- different names for that): a coarser key would merge two users.
CREATE TABLE IF NOT EXISTS {{output}} (
    user_id {{user_key}} NOT NULL COMMENT 'The user, as in the table of users',
    `rank` TINYINT NOT NULL COMMENT '1 (best) to 10',
    card_name VARCHAR(200) NOT NULL COMMENT 'Name of the card',
    total_savings_yearly DECIMAL(12, 2) NOT NULL COMMENT 'What the points of a year are worth, rupees',
    joining_fees DECIMAL(12, 2) NOT NULL COMMENT 'Joining fee, rupees',
    total_extra_benefits DECIMAL(12, 2) NOT NULL COMMENT 'Extra, welcome and milestone benefits of a year, rupees',
    net_savings DECIMAL(12, 2) NOT NULL
        COMMENT 'total_savings_yearly - joining_fees + total_extra_benefits, rupees; may be negative',
    amazon_points DECIMAL(12, 2) NOT NULL COMMENT 'Points a month on Amazon, after monthly caps',
    flipkart_points DECIMAL(12, 2) NOT NULL COMMENT 'Points a month on Flipkart, after monthly caps',
    myntra_points DECIMAL(12, 2) NOT NULL COMMENT 'Points a month on Myntra, after monthly caps',
    ajio_points DECIMAL(12, 2) NOT NULL COMMENT 'Points a month on Ajio, after monthly caps',
    grocery_points DECIMAL(12, 2) NOT NULL COMMENT 'Points a month on groceries, after monthly caps',
    other_online_points DECIMAL(12, 2) NOT NULL COMMENT 'Points a month on everything else online, after monthly caps',
    redemption_method VARCHAR(50)
        COMMENT 'How the points are best redeemed; NULL if there are too few for any way',
    redemption_rate DECIMAL(5, 4) NOT NULL COMMENT 'Share of the points'' value that this way pays out',
    PRIMARY KEY (user_id, `rank`),
    CHECK (`rank` BETWEEN 1 AND 10)
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC DEFAULT CHARACTER SET utf8mb4 COMMENT = 'The ten best cards of each user'
