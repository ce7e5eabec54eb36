-- Deletes the content of at most $2 letters that became final more than $1 microseconds ago, and with it the
-- fingerprints: the plain hash of a six-digit code is the code. Content is older than its letter's end, so the index
-- on created_at bounds what is looked at.
WITH old AS (
    SELECT p.seq, d.delivery_id
      FROM email.payloads p
      JOIN email.deliveries d USING (seq)
     WHERE p.created_at <= now() - $1::bigint * interval '1 microsecond'
       AND d.final_at <= now() - $1::bigint * interval '1 microsecond'
     ORDER BY p.created_at
     LIMIT $2::bigint
       FOR UPDATE OF p SKIP LOCKED
), files AS (
    DELETE FROM email.attachments a USING old WHERE a.seq = old.seq
), compared AS (
    UPDATE email.idempotency i SET fingerprint = NULL FROM old WHERE i.delivery = old.delivery_id
)
DELETE FROM email.payloads p USING old WHERE p.seq = old.seq
