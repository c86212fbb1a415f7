VACUUM (ANALYZE) card_recommendations
