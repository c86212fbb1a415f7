-- What the recommendations take: the table, and its key.
SELECT pg_table_size('card_recommendations'), pg_indexes_size('card_recommendations')
