-- Puts on record that letters are about to be handed over, one row of arguments per letter. Bytes that are frozen
-- already stand: a letter travels the same at every attempt. Bytes that are new hold the attachments, which go.
WITH input AS (
    SELECT *
      FROM unnest(
        $1::bigint[], $2::uuid[], $3::text[], $4::bytea[], $5::text[], $6::text[], $7::text[], $8::text[], $9::text[],
        $10::text[]
      ) i(seq, token, transport, frozen, mail_from, rcpt_to, message_id, subject, template_version, locale)
), fenced AS MATERIALIZED (
    -- In one order for everybody, so that no two batches wait for each other.
    SELECT o.seq
      FROM email.outbox o
      JOIN input i USING (seq, token)
     WHERE o.status = 'in_progress'
     ORDER BY o.seq
       FOR UPDATE OF o
), content AS (
    UPDATE email.payloads p
       SET frozen = i.frozen, mail_from = i.mail_from, rcpt_to = i.rcpt_to, message_id = i.message_id,
           rendered_subject = i.subject, template_version = i.template_version, rendered_locale = i.locale
      FROM fenced f
      JOIN input i USING (seq)
     WHERE p.seq = f.seq AND p.frozen IS NULL AND i.frozen IS NOT NULL
    RETURNING p.seq, p.attachments
), files AS (
    DELETE FROM email.attachments a USING content c WHERE a.seq = c.seq AND c.attachments > 0
)
UPDATE email.outbox o
   SET stage = 'handover', transport = i.transport
  FROM fenced f
  JOIN input i USING (seq)
 WHERE o.seq = f.seq
RETURNING o.seq, o.token AS "token!"
