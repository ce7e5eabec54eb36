-- How many letters are given up, and how many in doubt.
SELECT count(*) FILTER (WHERE status = 'dead_letter') AS "dead_letters!: i64",
    count(*) FILTER (WHERE status = 'in_doubt') AS "in_doubt!: i64"
FROM deliveries
WHERE status IN ('dead_letter', 'in_doubt') AND (?1 IS NULL OR tenant_id = ?1)
