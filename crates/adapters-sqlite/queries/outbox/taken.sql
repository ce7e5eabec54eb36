-- All that rendering, sending and deciding need, most urgent first. The content hangs on by LEFT JOIN: a letter that
-- lost it must be seen, not passed over.
SELECT o.seq AS "seq!: i64", o.token AS "token!: Vec<u8>", d.stage AS "stage!: String",
    d.delivery_id AS "delivery_id!: String", d.workflow AS "workflow!: String", d.template AS "template?: String",
    d.recipient AS "recipient!: String", d.recipient_name AS "recipient_name?: String",
    d.tenant_id AS "tenant_id?: String", d.priority AS "priority!: i64", d.status AS "status!: String",
    d.feedback AS "feedback!: String", d.attempts AS "attempts!: i64", d.excused AS "excused!: i64",
    d.crashes AS "crashes!: i64", d.max_attempts AS "max_attempts?: i64", d.provider AS "provider?: String",
    d.source_type AS "source_type?: String", d.source_id AS "source_id?: String", d.metadata AS "metadata!: String",
    d.queued_at AS "queued_at!: i64", d.age_from AS "age_from!: i64", d.expires_at AS "expires_at?: i64",
    p.data AS "data?: String", p.locale AS "locale?: String", p.subject AS "subject?: String", p.reply_to AS "reply_to?: String",
    p.headers AS "headers?: String", p.attachments AS "attachments?: i64", p.frozen AS "frozen?: Vec<u8>",
    p.mail_from AS "mail_from?: String", p.rcpt_to AS "rcpt_to?: String", p.message_id AS "message_id?: String",
    p.rendered_subject AS "rendered_subject?: String", p.template_version AS "template_version?: String",
    p.rendered_locale AS "rendered_locale?: String"
FROM json_each(?1) AS taken
JOIN outbox AS o ON o.seq = taken.value
JOIN deliveries AS d ON d.seq = o.seq
LEFT JOIN payloads AS p ON p.seq = o.seq
ORDER BY o.priority DESC, o.due_at, o.seq
