-- A new token, good for $6 microseconds or, where that is NULL, until it is revoked. No row where its id is taken.
INSERT INTO email.tokens (token_id, name, digest, scopes, tenant_id, expires_at)
VALUES ($1, $2, $3, $4, $5::text, now() + $6::bigint * interval '1 microsecond')
    ON CONFLICT (token_id) DO NOTHING
RETURNING token_id, name, scopes, tenant_id, created_at, expires_at, last_used_at, revoked_at
