-- Letters in doubt that are due for an answer and that nobody asks about right now.
SELECT o.seq AS "seq!: i64"
FROM outbox AS o LEFT JOIN workers AS w ON w.worker_id = o.worker
WHERE o.status = 'in_doubt' AND o.due_at <= ?1
    AND (o.lease_until IS NULL OR o.lease_until <= ?1 OR w.beat_at <= ?1 - ?2 OR w.retired_at IS NOT NULL)
ORDER BY o.due_at, o.seq
LIMIT ?3
