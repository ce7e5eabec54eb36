-- How long letters took that were sent in the window, in microseconds, from when they could first have gone out. A
-- percentile is the time of the first letter up to which there are so many of all. The plus keeps SQLite from looking
-- through all letters that were ever sent.
WITH ranked AS (
    SELECT max(0, final_at - age_from) AS took, cume_dist() OVER (ORDER BY max(0, final_at - age_from)) AS share
    FROM deliveries
    WHERE final_at >= ?1 AND final_at < ?2 AND +status = 'sent' AND (?3 IS NULL OR tenant_id = ?3)
)
SELECT count(*) AS "count!: i64",
    min(took) FILTER (WHERE share >= 0.5) AS "p50?: i64",
    min(took) FILTER (WHERE share >= 0.95) AS "p95?: i64",
    min(took) FILTER (WHERE share >= 0.99) AS "p99?: i64"
FROM ranked
