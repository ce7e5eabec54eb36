-- Only a key that is past its time can be there already: its place is taken.
INSERT INTO idempotency (tenant, key, delivery, fingerprint, expires_at)
SELECT ?1, ?2, ?3, ?4, now + ?5 FROM clock
WHERE true
ON CONFLICT (tenant, key) DO UPDATE
SET delivery = excluded.delivery, fingerprint = excluded.fingerprint, expires_at = excluded.expires_at
