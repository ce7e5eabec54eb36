-- What is paused now, by kind and name.
SELECT p.kind, p.name, p.since, p.until, p.reason
  FROM email.pauses p
 WHERE p.until IS NULL OR p.until > now()
 ORDER BY p.kind COLLATE "C", p.name
