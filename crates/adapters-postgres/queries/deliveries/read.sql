-- Everything that the holder of these claims needs, in the order in which they were taken, and the time.
SELECT o.seq, o.token AS "token!", o.stage, d.delivery_id, d.status, d.attempts, d.excused, d.crashes, d.feedback,
       d.max_attempts, d.age_from, d.expires_at, d.queued_at, d.workflow, d.template, d.recipient, d.recipient_name,
       d.tenant_id, d.source_type, d.source_id, d.priority, d.metadata, coalesce(o.transport, d.provider) AS provider,
       p.data AS "data?", p.locale, p.subject, p.reply_to, p.headers AS "headers?", p.attachments AS "attachments?",
       p.frozen, p.mail_from, p.rcpt_to, p.message_id, p.rendered_subject, p.template_version, p.rendered_locale,
       now() AS "now!"
  FROM unnest($1::bigint[], $2::uuid[]) WITH ORDINALITY i(seq, token, place)
  JOIN email.outbox o USING (seq, token)
  JOIN email.deliveries d ON d.seq = o.seq
  LEFT JOIN email.payloads p ON p.seq = o.seq
 ORDER BY i.place
