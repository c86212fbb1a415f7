DELETE FROM card_recommendations WHERE user_id = ANY ($1::text[])
