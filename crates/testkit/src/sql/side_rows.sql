-- In words that every kind of database has: a line a recommendation, with all that is in it.
SELECT concat_ws('|', o.user_id, o.rank, o.card_name, o.total_savings_yearly, o.joining_fees, o.total_extra_benefits, o.net_savings,
    o.amazon_points, o.flipkart_points, o.myntra_points, o.ajio_points, o.grocery_points, o.other_online_points,
    coalesce(o.redemption_method, '-'), o.redemption_rate)
FROM {{output}} AS o
ORDER BY o.user_id, o.rank
