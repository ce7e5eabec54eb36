-- Locks at most $1 waiting letters that are past their expiry and in nobody else's hands.
SELECT d.delivery_id
  FROM email.outbox o
  JOIN email.deliveries d USING (seq)
 WHERE o.status IN ('queued', 'retrying') AND o.expires_at <= now()
 ORDER BY o.seq
 LIMIT $1::bigint
   FOR UPDATE OF o SKIP LOCKED
