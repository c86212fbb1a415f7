-- Ready-made rows, sent by the client.
LOAD DATA LOCAL INFILE '{{file}}' INTO TABLE card_recommendations CHARACTER SET utf8mb4
