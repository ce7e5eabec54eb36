-- Takes at most $2 letters in doubt that are due for an answer and in nobody's hands, for the worker $1 under a lease
-- of $3 microseconds. A held letter has no due time.
WITH taken AS (
    SELECT o.seq
      FROM email.outbox o
     WHERE o.status = 'in_doubt' AND o.due_at <= now() AND NOT email.is_held(o.worker, o.lease_until)
     ORDER BY o.due_at, o.seq
     LIMIT $2::bigint
       FOR UPDATE OF o SKIP LOCKED
)
UPDATE email.outbox o
   SET worker = $1, token = gen_random_uuid(), lease_until = now() + $3::bigint * interval '1 microsecond'
  FROM taken
 WHERE o.seq = taken.seq
RETURNING o.seq, o.token AS "token!", o.status AS before
