-- What the recommendations take: the rows lie in the key's own tree.
SELECT data_length, index_length FROM information_schema.tables
WHERE table_schema = DATABASE() AND table_name = 'card_recommendations'
