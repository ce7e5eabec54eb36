-- Pauses something for so many microseconds or, where that is NULL, until it is resumed; the last word counts.
INSERT INTO pauses (kind, name, since, until, reason)
SELECT ?1, ?2, now, now + ?3, ?4 FROM clock
WHERE true
ON CONFLICT (kind, name) DO UPDATE SET since = excluded.since, until = excluded.until, reason = excluded.reason
RETURNING kind AS "kind!: String", name AS "name!: String", since AS "since!: i64", until AS "until?: i64",
    reason AS "reason?: String"
