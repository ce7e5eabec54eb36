-- A token that is good now, with what its secret must come to.
SELECT t.token_id, t.name, t.scopes, t.tenant_id, t.created_at, t.expires_at, t.last_used_at, t.revoked_at, t.digest,
       now() AS "now!"
  FROM email.tokens t
 WHERE t.token_id = $1 AND t.revoked_at IS NULL AND (t.expires_at IS NULL OR t.expires_at > now())
