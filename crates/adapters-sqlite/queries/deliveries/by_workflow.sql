-- How the letters of each workflow did that were enqueued in the window.
SELECT workflow AS "workflow!: String",
    count(*) AS "enqueued!: i64",
    count(*) FILTER (WHERE status = 'sent') AS "sent!: i64",
    count(*) FILTER (WHERE status IN ('failed', 'dead_letter')) AS "failed!: i64",
    coalesce(sum(attempts) FILTER (WHERE status IN ('sent', 'failed', 'dead_letter')), 0) AS "attempts!: i64"
FROM deliveries
WHERE queued_at >= ?1 AND queued_at < ?2 AND (?3 IS NULL OR tenant_id = ?3)
GROUP BY workflow
ORDER BY workflow
