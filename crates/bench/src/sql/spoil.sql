-- One user loses one row.
DELETE FROM card_recommendations
WHERE "rank" = 10 AND user_id = (SELECT max(user_id) FROM card_recommendations)
