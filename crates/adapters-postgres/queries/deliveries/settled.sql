-- Of settlements that found no claim, those that were committed before, by a call that never heard the answer.
SELECT i.seq AS "seq!", i.token AS "token!", i.status AS "status!"
  FROM unnest($1::bigint[], $2::uuid[], $3::text[]) i(seq, token, status)
  JOIN email.deliveries d ON d.seq = i.seq AND d.settled_by = i.token AND d.settled_as = i.status
