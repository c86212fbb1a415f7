LOAD DATA LOCAL INFILE '{{file}}' INTO TABLE user_spending_data CHARACTER SET utf8mb4
(user_id, avg_amazon_gmv, avg_flipkart_gmv, avg_myntra_gmv, avg_ajio_gmv, avg_grocery_gmv, avg_confirmed_gmv)
