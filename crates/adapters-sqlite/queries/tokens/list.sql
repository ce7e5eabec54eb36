-- Every token, the newest first; no digests.
SELECT token_id AS "token_id!: String", name AS "name!: String", scopes AS "scopes!: String",
    tenant_id AS "tenant_id?: String", created_at AS "created_at!: i64", expires_at AS "expires_at?: i64",
    last_used_at AS "last_used_at?: i64", revoked_at AS "revoked_at?: i64"
FROM tokens ORDER BY created_at DESC, token_id
