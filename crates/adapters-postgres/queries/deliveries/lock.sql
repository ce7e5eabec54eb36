-- Locks deliveries for a decision, first their places in the queue and then their records: the order in which claim
-- and settle lock them.
WITH place AS MATERIALIZED (
    SELECT o.seq
      FROM email.outbox o
      JOIN email.deliveries d USING (seq)
     WHERE d.delivery_id = ANY ($1::text[])
     ORDER BY o.seq
       FOR UPDATE OF o
)
SELECT d.seq, d.delivery_id, d.workflow, d.status, d.attempts, d.excused, d.crashes, d.feedback, d.max_attempts,
       d.age_from, d.expires_at, EXISTS (SELECT FROM email.payloads p WHERE p.seq = d.seq) AS "has_content!",
       -- Under a claim, only the queue knows.
       coalesce((SELECT o.stage FROM email.outbox o WHERE o.seq = d.seq AND o.status = 'in_progress'), d.stage)
           AS "stage!",
       now() AS "now!"
  FROM email.deliveries d
 WHERE d.delivery_id = ANY ($1::text[])
   -- Makes the lock of the places come first.
   AND (SELECT count(*) FROM place) >= 0
 ORDER BY d.seq
   FOR UPDATE OF d
