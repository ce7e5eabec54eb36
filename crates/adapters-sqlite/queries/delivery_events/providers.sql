-- What each way out answered in the window. A report of the provider's own accord is no answer, and neither is what was
-- decided (?4). A letter that was given up was put off once more.
SELECT json_extract(payload, '$.transport') AS "transport!: String",
    count(*) FILTER (WHERE status = 'sent') AS "accepted!: i64",
    count(*) FILTER (WHERE status IN ('retrying', 'dead_letter')) AS "deferred!: i64",
    count(*) FILTER (WHERE status = 'failed') AS "refused!: i64",
    count(DISTINCT attempt || ' ' || delivery_id) FILTER (WHERE status = 'in_doubt') AS "in_doubt!: i64",
    max(created_at) AS "last_at!: i64"
FROM delivery_events
WHERE created_at >= ?1 AND created_at < ?2
    AND json_extract(payload, '$.transport') IS NOT NULL
    AND json_extract(payload, '$.feedback') IS NULL
    AND (error_code IS NULL OR error_code NOT IN (SELECT value FROM json_each(?4)))
    AND (?3 IS NULL OR EXISTS (
        SELECT 1 FROM deliveries d WHERE d.delivery_id = delivery_events.delivery_id AND d.tenant_id = ?3
    ))
GROUP BY json_extract(payload, '$.transport')
ORDER BY json_extract(payload, '$.transport')
