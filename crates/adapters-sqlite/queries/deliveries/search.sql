-- The ids of one page. It begins behind a row and not after a number of rows, so that pages neither repeat nor skip a
-- letter while new ones arrive. The address has an index of its own; of the two arms, one is empty and costs nothing.
WITH matching AS NOT MATERIALIZED (
    SELECT delivery_id, queued_at, recipient
    FROM deliveries
    WHERE (?2 IS NULL OR workflow = ?2)
        AND (?3 IS NULL OR tenant_id = ?3)
        AND (?4 = '[]' OR status IN (SELECT value FROM json_each(?4)))
        AND (?5 IS NULL OR source_type = ?5)
        AND (?6 IS NULL OR source_id = ?6)
        AND (?7 IS NULL OR queued_at >= ?7)
        AND (?8 IS NULL OR queued_at < ?8)
        AND (?9 IS NULL OR (queued_at, delivery_id) < (?9, ?10))
)
SELECT delivery_id AS "delivery_id!: String"
FROM (
    SELECT delivery_id, queued_at FROM matching WHERE ?1 IS NULL
    UNION ALL
    SELECT delivery_id, queued_at FROM matching WHERE recipient = ?1
    ORDER BY queued_at DESC, delivery_id DESC
    LIMIT ?11
)
ORDER BY queued_at DESC, delivery_id DESC
