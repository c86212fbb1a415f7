-- Rows, and two sums over all of them in paise.
SELECT count(*), coalesce(sum(net_savings) * 100, 0)::bigint, coalesce(sum(total_savings_yearly) * 100, 0)::bigint
FROM card_recommendations
