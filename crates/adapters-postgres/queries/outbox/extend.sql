-- Moves the end of leases to now plus $3 microseconds, for their holders.
WITH fenced AS MATERIALIZED (
    SELECT o.seq
      FROM email.outbox o
      JOIN unnest($1::bigint[], $2::uuid[]) i(seq, token) USING (seq, token)
     ORDER BY o.seq
       FOR UPDATE OF o
)
UPDATE email.outbox o
   SET lease_until = now() + $3::bigint * interval '1 microsecond'
  FROM fenced f
 WHERE o.seq = f.seq
RETURNING o.seq, o.token AS "token!"
