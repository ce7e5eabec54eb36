-- Notes a use unless one was noted within so many microseconds.
UPDATE tokens SET last_used_at = now
FROM clock
WHERE token_id = ?1 AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > now)
    AND (last_used_at IS NULL OR last_used_at <= now - ?2)
