-- A token that is good now, with what its secret must come to.
SELECT token_id AS "token_id!: String", name AS "name!: String", scopes AS "scopes!: String",
    tenant_id AS "tenant_id?: String", created_at AS "created_at!: i64", expires_at AS "expires_at?: i64",
    last_used_at AS "last_used_at?: i64", revoked_at AS "revoked_at?: i64", digest AS "digest!: Vec<u8>",
    now AS "now!: i64"
FROM tokens, clock
WHERE token_id = ?1 AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > now)
