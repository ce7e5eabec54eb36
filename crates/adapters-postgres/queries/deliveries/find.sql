-- Records by their ids, newest first. Until it settles, a letter's transport and Message-ID stand beside the record.
SELECT d.delivery_id, d.workflow, d.template, d.recipient, d.tenant_id, d.priority, d.status, d.feedback, d.attempts,
       d.excused, d.last_error_code, d.last_error_message, coalesce(o.transport, d.provider) AS provider,
       d.provider_message_id, coalesce(d.message_id, p.message_id) AS message_id, d.source_type, d.source_id,
       d.metadata, d.queued_at, d.due_at, d.expires_at, d.last_attempted_at, d.sent_at, d.updated_at
  FROM email.deliveries d
  LEFT JOIN email.outbox o USING (seq)
  LEFT JOIN email.payloads p USING (seq)
 WHERE d.delivery_id = ANY ($1::text[])
 ORDER BY d.queued_at DESC, d.delivery_id DESC
