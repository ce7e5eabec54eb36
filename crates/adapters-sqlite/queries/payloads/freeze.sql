-- The first *ready* freezes the letter; later ones find it frozen and change nothing. A trigger takes the attachments
-- away, which the bytes hold from now on.
UPDATE payloads
SET frozen = ?2, mail_from = ?3, rcpt_to = ?4, message_id = ?5, rendered_subject = ?6, template_version = ?7,
    rendered_locale = ?8
WHERE seq = ?1 AND frozen IS NULL
