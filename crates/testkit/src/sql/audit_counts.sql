SELECT count(*),
    count(*) FILTER (WHERE processing_status = 'new'),
    count(*) FILTER (WHERE processing_status = 'pending'),
    count(*) FILTER (WHERE processing_status = 'completed'),
    count(*) FILTER (WHERE processing_status = 'failed')
FROM {{input}}
