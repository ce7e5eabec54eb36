-- Files that travel with a letter, beside the queue and beside its content: no claim reads them.

CREATE TABLE attachments (
    seq INTEGER NOT NULL REFERENCES deliveries (seq) ON DELETE CASCADE,
    position INTEGER NOT NULL,
    filename TEXT NOT NULL,
    content_type TEXT NOT NULL,
    -- NULL: a file beside the letter; otherwise an image inside its HTML, which names it so.
    content_id TEXT,
    content BLOB NOT NULL,
    PRIMARY KEY (seq, position)
) STRICT;

-- The bytes of a frozen letter hold them.
CREATE TRIGGER payloads_freeze_attachments AFTER UPDATE OF frozen ON payloads
WHEN old.frozen IS NULL AND new.frozen IS NOT NULL AND new.attachments > 0
BEGIN
    DELETE FROM attachments WHERE seq = new.seq;
END;

-- Whatever takes the content takes them along: its retention, or somebody who asks to be forgotten.
CREATE TRIGGER payloads_forget_attachments AFTER DELETE ON payloads
BEGIN
    DELETE FROM attachments WHERE seq = old.seq;
END;
