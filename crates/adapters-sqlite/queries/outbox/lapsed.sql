-- Claims whose lease is over or whose worker is gone. A worker that never registered has no beat to miss: its claims
-- live by their leases alone.
SELECT o.seq AS "seq!: i64"
FROM outbox AS o LEFT JOIN workers AS w ON w.worker_id = o.worker
WHERE o.status = 'in_progress'
    AND (o.lease_until IS NULL OR o.lease_until <= ?1 OR w.beat_at <= ?1 - ?2 OR w.retired_at IS NOT NULL)
ORDER BY o.lease_until, o.seq
LIMIT ?3
