-- A new token, good for so many microseconds or, where that is NULL, until it is revoked. No row where its id is taken.
INSERT INTO tokens (token_id, name, digest, scopes, tenant_id, created_at, expires_at)
SELECT ?1, ?2, ?3, ?4, ?5, now, now + ?6 FROM clock
WHERE true
ON CONFLICT (token_id) DO NOTHING
RETURNING token_id AS "token_id!: String", name AS "name!: String", scopes AS "scopes!: String",
    tenant_id AS "tenant_id?: String", created_at AS "created_at!: i64", expires_at AS "expires_at?: i64",
    last_used_at AS "last_used_at?: i64", revoked_at AS "revoked_at?: i64"
