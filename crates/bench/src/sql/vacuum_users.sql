VACUUM (ANALYZE) user_spending_data
