-- Whether the database's encoding has a text's characters: one that it has not is an error.
SELECT $1::text IS NOT NULL
