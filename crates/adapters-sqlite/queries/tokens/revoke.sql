-- Revokes a token that is not revoked yet.
UPDATE tokens SET revoked_at = (SELECT now FROM clock) WHERE token_id = ?1 AND revoked_at IS NULL
