-- The whole record of these letters, newest first.
SELECT delivery_id AS "delivery_id!: String", workflow AS "workflow!: String", template AS "template?: String",
    recipient AS "recipient!: String", tenant_id AS "tenant_id?: String", priority AS "priority!: i64",
    status AS "status!: String", feedback AS "feedback!: String", attempts AS "attempts!: i64",
    excused AS "excused!: i64", last_error_code AS "last_error_code?: String",
    last_error_message AS "last_error_message?: String", provider AS "provider?: String",
    provider_message_id AS "provider_message_id?: String", message_id AS "message_id?: String",
    source_type AS "source_type?: String", source_id AS "source_id?: String", metadata AS "metadata!: String",
    queued_at AS "queued_at!: i64", due_at AS "due_at?: i64", expires_at AS "expires_at?: i64",
    last_attempted_at AS "last_attempted_at?: i64", sent_at AS "sent_at?: i64", updated_at AS "updated_at!: i64"
FROM deliveries
WHERE delivery_id IN (SELECT value FROM json_each(?1))
ORDER BY queued_at DESC, delivery_id DESC
