-- Notes a use unless one was noted within $2 microseconds. Whoever finds the row locked has somebody else note it.
UPDATE email.tokens t
   SET last_used_at = now()
  FROM (
    SELECT f.token_id
      FROM email.tokens f
     WHERE f.token_id = $1 AND f.revoked_at IS NULL AND (f.expires_at IS NULL OR f.expires_at > now())
       AND (f.last_used_at IS NULL OR f.last_used_at <= now() - $2::bigint * interval '1 microsecond')
       FOR UPDATE SKIP LOCKED
  ) free
 WHERE t.token_id = free.token_id
