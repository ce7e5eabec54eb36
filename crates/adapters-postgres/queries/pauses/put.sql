-- Pauses $2 of the kind $1 for $3 microseconds or, where that is NULL, until it is resumed; the last word counts. Pauses
-- of others that are over by themselves are forgotten on the way: nobody else would.
WITH over AS (
    DELETE FROM email.pauses p WHERE p.until <= now() AND (p.kind, p.name) <> ($1, $2)
)
INSERT INTO email.pauses (kind, name, until, reason)
VALUES ($1, $2, now() + $3::bigint * interval '1 microsecond', $4::text)
    ON CONFLICT (kind, name) DO UPDATE SET since = now(), until = excluded.until, reason = excluded.reason
RETURNING kind, name, since, until, reason
