-- Marks the one user of claim_suspect.sql as a claim would, and reads its key as a claim does, to see what the database has against it.
UPDATE {{input}} AS u
SET processing_status = 'pending', claim_id = $1, processing_error = NULL
WHERE u.user_id = convert_from(decode($2, 'hex'), 'SQL_ASCII')
RETURNING u.user_id
