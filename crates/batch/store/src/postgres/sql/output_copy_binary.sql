COPY {{output}} (user_id, "rank", card_name, total_savings_yearly, joining_fees, total_extra_benefits, net_savings,
    amazon_points, flipkart_points, myntra_points, ajio_points, grocery_points, other_online_points, redemption_method,
    redemption_rate) FROM STDIN (FORMAT binary)
