-- Lane and times are copied from the record, so that a claim reads nothing else.
INSERT INTO outbox (seq, tenant, priority, workflow, due_at, expires_at)
SELECT seq, coalesce(tenant_id, ''), priority, workflow, due_at, expires_at FROM deliveries WHERE seq = ?1
