-- Bounded, so that the one writer of this store is never held for long.
DELETE FROM idempotency WHERE (tenant, key) IN (
    SELECT tenant, key FROM idempotency WHERE expires_at <= (SELECT now FROM clock) ORDER BY expires_at LIMIT ?1
)
