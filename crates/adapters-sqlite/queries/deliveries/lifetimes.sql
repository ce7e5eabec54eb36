-- What a series is counted from: letters that ended since its start and had begun before its end, from the index alone,
-- and those under way. One more than may be looked at tells that there are too many.
SELECT age_from AS "age_from!: i64", final_at AS "final_at?: i64", status AS "status!: String"
FROM (
    SELECT age_from, final_at, status FROM deliveries
    WHERE final_at >= ?1 AND age_from < ?2 AND (?3 IS NULL OR tenant_id = ?3)
    UNION ALL
    SELECT d.age_from, NULL, d.status FROM outbox o JOIN deliveries d ON d.seq = o.seq
    WHERE o.status <> 'in_doubt' AND (?3 IS NULL OR o.tenant = ?3)
)
LIMIT ?4
