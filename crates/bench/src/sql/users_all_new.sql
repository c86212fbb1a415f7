-- What a customer does that changes the amounts of all users.
UPDATE user_spending_data SET processing_status = 'new'
