-- As a customer would who changes everybody's amounts.
UPDATE user_spending_data SET processing_status = 'new'
