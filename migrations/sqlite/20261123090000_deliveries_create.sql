-- The record of every letter and its audit trail. Times are microseconds since 1970-01-01T00:00:00Z.

-- The one clock of this store: every statement and trigger asks it, so that no two of them can disagree about what
-- "now" is. SQLite knows milliseconds; julianday() is used because every release of SQLite understands it, also the
-- one whose shell somebody opens this file with.
CREATE VIEW clock AS
SELECT CAST(round((julianday('now') - 2440587.5) * 86400000.0) AS INTEGER) * 1000 AS now;

CREATE TABLE deliveries (
    -- The short key that outbox and payloads hang on. AUTOINCREMENT never hands one out twice, not even after a
    -- letter was deleted, so that an old fence cannot name a younger letter.
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    delivery_id TEXT NOT NULL UNIQUE,
    workflow TEXT NOT NULL,
    template TEXT,
    recipient TEXT NOT NULL,
    recipient_name TEXT,
    tenant_id TEXT,
    priority INTEGER NOT NULL DEFAULT 5 CHECK (priority BETWEEN 0 AND 9),
    status TEXT NOT NULL DEFAULT 'queued' CHECK (
        status IN ('queued', 'in_progress', 'retrying', 'in_doubt', 'sent', 'failed', 'dead_letter', 'cancelled')
    ),
    -- How far its last claim came. Here and not in the outbox: *ready* writes this row anyway, and an event that
    -- befalls a letter later is decided with all that is known of it.
    stage TEXT NOT NULL DEFAULT 'claimed' CHECK (stage IN ('claimed', 'handover')),
    feedback TEXT NOT NULL DEFAULT 'none' CHECK (
        feedback IN ('none', 'delayed', 'delivered', 'bounced', 'complained')
    ),
    attempts INTEGER NOT NULL DEFAULT 0 CHECK (attempts >= 0),
    excused INTEGER NOT NULL DEFAULT 0 CHECK (excused >= 0),
    crashes INTEGER NOT NULL DEFAULT 0 CHECK (crashes >= 0),
    max_attempts INTEGER CHECK (max_attempts >= 1),
    last_error_code TEXT,
    last_error_message TEXT,
    provider TEXT,
    provider_message_id TEXT,
    message_id TEXT,
    source_type TEXT,
    source_id TEXT,
    metadata TEXT NOT NULL DEFAULT '{}' CHECK (json_type(metadata) = 'object'),
    queued_at INTEGER NOT NULL,
    age_from INTEGER NOT NULL,
    due_at INTEGER,
    expires_at INTEGER,
    last_attempted_at INTEGER,
    sent_at INTEGER,
    -- Since when it is final; its content is kept for a while from then on.
    final_at INTEGER,
    -- Rises with every change that belongs into the audit trail, also where the status stays the same.
    revision INTEGER NOT NULL DEFAULT 0,
    -- The token of the claim that a settlement ended last, and the status it led to: a worker that never heard of the
    -- commit asks again, and is told that it was done.
    settled_by BLOB,
    settled_as TEXT,
    -- What the event of that change remembers; an object, without addresses or secrets.
    last_event TEXT NOT NULL DEFAULT '{}' CHECK (json_type(last_event) = 'object'),
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT;

-- Newest first, page by page.
CREATE INDEX deliveries_queued_at ON deliveries (queued_at, delivery_id);
-- "What did we send to this address?"
CREATE INDEX deliveries_recipient ON deliveries (recipient, queued_at, delivery_id);
-- How many are where, without reading the rows.
CREATE INDEX deliveries_status ON deliveries (status);

CREATE TABLE delivery_events (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    delivery_id TEXT NOT NULL REFERENCES deliveries (delivery_id) ON DELETE CASCADE,
    status TEXT NOT NULL,
    attempt INTEGER NOT NULL,
    error_code TEXT,
    error_message TEXT,
    payload TEXT NOT NULL DEFAULT '{}',
    created_at INTEGER NOT NULL
) STRICT;

CREATE INDEX delivery_events_delivery ON delivery_events (delivery_id, id);
