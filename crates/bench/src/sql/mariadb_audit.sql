-- A row of figures: users, those completed, rows, users with rows, sums of two columns in paise, and users whose rows are not ten.
SELECT (SELECT COUNT(*) FROM user_spending_data),
    (SELECT COUNT(*) FROM user_spending_data WHERE processing_status = 'completed' AND processed_at IS NOT NULL),
    r.row_count, r.users, r.net, r.savings,
    (SELECT COUNT(*) FROM (
        SELECT o.user_id FROM card_recommendations AS o GROUP BY o.user_id
        HAVING COUNT(*) <> 10 OR MIN(o.`rank`) <> 1 OR MAX(o.`rank`) <> 10) AS odd)
FROM (
    SELECT COUNT(*) AS row_count, COUNT(DISTINCT o.user_id) AS users, CAST(SUM(o.net_savings) * 100 AS SIGNED) AS net,
        CAST(SUM(o.total_savings_yearly) * 100 AS SIGNED) AS savings
    FROM card_recommendations AS o
) AS r
