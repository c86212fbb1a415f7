-- Claims since the run began, as they were made.
SELECT claim_id, users FROM cardgenius_claims WHERE claimed_at >= $1 ORDER BY claimed_at
