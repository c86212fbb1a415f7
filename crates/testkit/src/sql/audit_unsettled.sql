-- Settling clears the counts, and says when; only a failure has a reason.
SELECT format('user %L is %s with attempts %s, crashes %s, processed at %s, reason %L',
    user_id, processing_status, attempts, crashes, coalesce(processed_at::text, 'no time'), processing_error)
FROM {{input}}
WHERE processing_status IN ('completed', 'failed')
    AND (attempts <> 0 OR crashes <> 0 OR processed_at IS NULL OR claim_id IS NULL
        OR (processing_status = 'failed') <> (coalesce(processing_error, '') <> ''))
