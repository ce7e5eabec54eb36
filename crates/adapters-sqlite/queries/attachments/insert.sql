-- The place keeps the order in which they were handed in.
INSERT INTO attachments (seq, position, filename, content_type, content_id, content) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
