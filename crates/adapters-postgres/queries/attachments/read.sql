-- What a letter that is not frozen yet brings along, for the holder of its claim alone. A statement of its own: no
-- claim pays for it.
SELECT a.filename, a.content_type, a.content_id, a.content
  FROM email.outbox o
  JOIN email.attachments a USING (seq)
 WHERE o.seq = $1 AND o.token = $2
 ORDER BY a.position
