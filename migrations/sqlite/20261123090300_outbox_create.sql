-- What is still to be done, and what it is done with. Both hang on the delivery by its short key.

-- The hot queue: small rows, only undone work, so that its cost does not grow with history. A delivery without a row
-- here is tracked and never sent.
CREATE TABLE outbox (
    seq INTEGER PRIMARY KEY REFERENCES deliveries (seq) ON DELETE CASCADE,
    status TEXT NOT NULL DEFAULT 'queued' CHECK (status IN ('queued', 'in_progress', 'retrying', 'in_doubt')),
    -- The lane is tenant and priority; no tenant is '', which no tenant can be called.
    tenant TEXT NOT NULL DEFAULT '',
    priority INTEGER NOT NULL,
    -- Here, too, so that a claim passes over paused ones without looking at their records.
    workflow TEXT NOT NULL,
    -- When it is claimed or, in doubt, asked about; NULL is held until somebody decides.
    due_at INTEGER,
    expires_at INTEGER,
    worker BLOB,
    -- The fence: fresh with every claim, and every later write names it.
    token BLOB,
    lease_until INTEGER
) STRICT;

-- Lane by lane, the one that waits longest first: a claim walks the lanes and reads only the heads of them.
CREATE INDEX outbox_waiting ON outbox (priority, tenant, due_at, seq) WHERE status IN ('queued', 'retrying');
CREATE INDEX outbox_due ON outbox (due_at) WHERE status IN ('queued', 'retrying');
CREATE INDEX outbox_expiring ON outbox (expires_at)
    WHERE status IN ('queued', 'retrying') AND expires_at IS NOT NULL;
CREATE INDEX outbox_in_doubt ON outbox (due_at) WHERE status = 'in_doubt';
CREATE INDEX outbox_in_progress ON outbox (lease_until) WHERE status = 'in_progress';
CREATE INDEX outbox_worker ON outbox (worker) WHERE worker IS NOT NULL;

-- What a letter says: as it was handed in, and, from the first *ready* on, the frozen bytes. No body in hot rows.
CREATE TABLE payloads (
    seq INTEGER PRIMARY KEY REFERENCES deliveries (seq) ON DELETE CASCADE,
    created_at INTEGER NOT NULL,
    data TEXT NOT NULL,
    -- The language that it is wanted in; NULL leaves it to the workflow.
    locale TEXT,
    subject TEXT,
    reply_to TEXT,
    headers TEXT NOT NULL DEFAULT '[]',
    -- How many there were, so that a claim knows without looking at them, and a letter never goes out with fewer.
    attachments INTEGER NOT NULL DEFAULT 0 CHECK (attachments >= 0),
    frozen BLOB,
    mail_from TEXT,
    rcpt_to TEXT,
    message_id TEXT,
    rendered_subject TEXT,
    template_version TEXT,
    -- The language variant that was rendered; NULL is the base.
    rendered_locale TEXT,
    CHECK (frozen IS NULL OR (
        mail_from IS NOT NULL AND rcpt_to IS NOT NULL AND message_id IS NOT NULL
        AND rendered_subject IS NOT NULL AND template_version IS NOT NULL
    ))
) STRICT;

-- A final letter became so after its content was stored: a sweep looks only at content that is old enough.
CREATE INDEX payloads_created_at ON payloads (created_at);

-- The outbox follows the record, whoever changes that, our own statements or somebody at a shell: so no letter can be
-- waiting on one side and forgotten on the other.

-- What waits again, for its turn or for an answer, is free for the next worker. Without content it cannot be sent, so
-- it stays out of the queue.
CREATE TRIGGER deliveries_join_outbox AFTER UPDATE ON deliveries
WHEN (old.status <> new.status OR old.revision <> new.revision OR old.due_at IS NOT new.due_at)
    AND new.status IN ('queued', 'retrying', 'in_doubt')
BEGIN
    INSERT INTO outbox (seq, status, tenant, priority, workflow, due_at, expires_at)
    SELECT new.seq, new.status, coalesce(new.tenant_id, ''), new.priority, new.workflow,
        CASE WHEN new.status = 'in_doubt' THEN new.due_at ELSE coalesce(new.due_at, now) END, new.expires_at
    FROM payloads, clock WHERE payloads.seq = new.seq
    ON CONFLICT (seq) DO UPDATE
    SET status = excluded.status, due_at = excluded.due_at, worker = NULL, token = NULL, lease_until = NULL;
    UPDATE deliveries SET final_at = NULL WHERE seq = new.seq AND final_at IS NOT NULL;
END;

-- What is done with leaves the queue, and the retention of its content begins.
CREATE TRIGGER deliveries_leave_outbox AFTER UPDATE OF status ON deliveries
WHEN old.status <> new.status AND new.status IN ('sent', 'failed', 'dead_letter', 'cancelled')
BEGIN
    DELETE FROM outbox WHERE seq = new.seq;
    UPDATE deliveries
    SET final_at = now, sent_at = CASE WHEN status = 'sent' THEN coalesce(sent_at, now) ELSE sent_at END
    FROM clock WHERE seq = new.seq;
END;

-- A claim writes the lease first. A letter that is called in progress without one has no worker, so its lease is over
-- from the start and the next worker takes it up.
CREATE TRIGGER deliveries_enter_progress AFTER UPDATE OF status ON deliveries
WHEN old.status <> new.status AND new.status = 'in_progress'
BEGIN
    UPDATE outbox
    SET status = 'in_progress', lease_until = coalesce(lease_until, (SELECT now FROM clock))
    WHERE seq = new.seq;
    UPDATE deliveries SET stage = 'claimed' WHERE seq = new.seq AND stage <> 'claimed';
END;
