-- A taken id is an answer, not an error: no row comes back. The age of a letter counts from when it could first go.
INSERT INTO deliveries (
    delivery_id, workflow, template, recipient, recipient_name, tenant_id, priority, max_attempts, source_type,
    source_id, metadata, queued_at, age_from, due_at, expires_at, created_at, updated_at
)
SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, now, max(now, coalesce(?12, now)), coalesce(?12, now), ?13, now,
    now
FROM clock
WHERE true
ON CONFLICT (delivery_id) DO NOTHING
RETURNING seq AS "seq!: i64"
