-- Forgets at most $2 workers whose last beat is more than $1 microseconds ago and who hold nothing: a claim whose
-- worker nobody knows would live as long as its lease.
WITH old AS (
    SELECT w.worker_id
      FROM email.workers w
     WHERE w.beat_at <= now() - $1::bigint * interval '1 microsecond'
       AND NOT email.is_alive(w.beat_at)
       AND NOT EXISTS (SELECT FROM email.outbox o WHERE o.worker = w.worker_id)
     ORDER BY w.beat_at
     LIMIT $2::bigint
       FOR UPDATE OF w SKIP LOCKED
)
DELETE FROM email.workers w USING old WHERE w.worker_id = old.worker_id
