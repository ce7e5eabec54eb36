-- Every token, the newest first; no digests.
SELECT t.token_id, t.name, t.scopes, t.tenant_id, t.created_at, t.expires_at, t.last_used_at, t.revoked_at
  FROM email.tokens t
 ORDER BY t.created_at DESC, t.token_id
