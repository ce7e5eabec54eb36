-- After an empty claim: the time, and whether there was something that other workers were just taking.
SELECT now() AS "now!", EXISTS (
    SELECT FROM email.outbox o
     WHERE o.status IN ('queued', 'retrying') AND o.due_at <= now() AND (o.expires_at IS NULL OR o.expires_at > now())
       AND o.tenant <> ALL ($1::text[])
) AS "waiting!"
