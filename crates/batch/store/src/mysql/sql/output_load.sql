-- Rows as crates/batch/store/src/text_rows.rs writes them, from memory: the name of the file is for messages only. The separators in
-- hexadecimal: what a backslash means in a text depends on the session. Without a local file's REPLACE the server only
-- warns of what it refuses: whoever runs this counts the rows and the warnings. Not to be prepared.
LOAD DATA LOCAL INFILE 'cardgenius' INTO TABLE {{output}} CHARACTER SET utf8mb4
FIELDS TERMINATED BY 0x09 ESCAPED BY 0x5C LINES TERMINATED BY 0x0A
(user_id, `rank`, card_name, total_savings_yearly, joining_fees, total_extra_benefits, net_savings, amazon_points,
    flipkart_points, myntra_points, ajio_points, grocery_points, other_online_points, redemption_method, redemption_rate)
