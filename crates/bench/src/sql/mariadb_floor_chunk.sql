-- One chunk of the floor, for the server's own client: users are marked, their ready-made rows loaded, users marked again.
START TRANSACTION;
UPDATE user_spending_data SET processing_status = 'pending', claim_id = '{{claim}}', processing_error = NULL
WHERE user_id BETWEEN '{{first}}' AND '{{last}}' AND processing_status = 'new';
COMMIT;
START TRANSACTION;
LOAD DATA LOCAL INFILE '{{file}}' INTO TABLE card_recommendations CHARACTER SET utf8mb4;
UPDATE user_spending_data SET processing_status = 'completed', processed_at = UTC_TIMESTAMP(6), attempts = 0, crashes = 0
WHERE user_id BETWEEN '{{first}}' AND '{{last}}' AND claim_id = '{{claim}}' AND processing_status = 'pending';
COMMIT;
