-- Waiting letters that nobody needs any more.
SELECT d.delivery_id AS "delivery_id!: String"
FROM outbox AS o JOIN deliveries AS d ON d.seq = o.seq
WHERE o.status IN ('queued', 'retrying') AND o.expires_at <= (SELECT now FROM clock)
ORDER BY o.expires_at LIMIT ?1
