-- What the letter says, as it was handed in; what the record already holds is not repeated.
INSERT INTO payloads (seq, created_at, data, locale, subject, reply_to, headers, attachments)
SELECT ?1, now, ?2, ?3, ?4, ?5, ?6, ?7 FROM clock
