-- What attempts failed with in the window, the most frequent code first. An attempt counts once per code, however
-- often its letter in doubt is asked about. ?4: codes that say what was decided, not what went wrong.
WITH failure AS (
    SELECT DISTINCT error_code, delivery_id, attempt
    FROM delivery_events
    WHERE created_at >= ?1 AND created_at < ?2
        AND status IN ('retrying', 'in_doubt', 'failed', 'dead_letter')
        AND error_code NOT IN (SELECT value FROM json_each(?4))
        AND json_extract(payload, '$.feedback') IS NULL
        AND (?3 IS NULL OR EXISTS (
            SELECT 1 FROM deliveries d WHERE d.delivery_id = delivery_events.delivery_id AND d.tenant_id = ?3
        ))
)
SELECT error_code AS "code!: String", count(*) AS "count!: i64"
FROM failure GROUP BY error_code ORDER BY count(*) DESC, error_code LIMIT ?5
