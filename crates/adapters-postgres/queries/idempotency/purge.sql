-- Forgets at most $1 keys that are past their time.
WITH old AS (
    SELECT i.tenant, i.key
      FROM email.idempotency i
     WHERE i.expires_at <= now()
     ORDER BY i.expires_at
     LIMIT $1::bigint
       FOR UPDATE OF i SKIP LOCKED
)
DELETE FROM email.idempotency i USING old WHERE i.tenant = old.tenant AND i.key = old.key
