-- One user loses one row.
DELETE FROM card_recommendations ORDER BY user_id DESC, `rank` DESC LIMIT 1
