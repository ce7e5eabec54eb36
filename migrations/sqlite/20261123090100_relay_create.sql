-- Who reads the audit trail from outside, and what each of them has not read yet. No consumer remembers "the last id":
-- a row per consumer and event cannot be overtaken.

CREATE TABLE relay_consumers (
    consumer TEXT PRIMARY KEY,
    enabled INTEGER NOT NULL DEFAULT 1 CHECK (enabled IN (0, 1))
) STRICT;

CREATE TABLE relay (
    consumer TEXT NOT NULL REFERENCES relay_consumers (consumer) ON DELETE CASCADE,
    event INTEGER NOT NULL REFERENCES delivery_events (id) ON DELETE CASCADE,
    delivery_id TEXT NOT NULL,
    due_at INTEGER NOT NULL,
    PRIMARY KEY (consumer, event)
) STRICT, WITHOUT ROWID;

CREATE INDEX relay_event ON relay (event);
CREATE INDEX relay_delivery ON relay (delivery_id);

CREATE TRIGGER delivery_events_relay AFTER INSERT ON delivery_events
BEGIN
    INSERT INTO relay (consumer, event, delivery_id, due_at)
    SELECT consumer, new.id, new.delivery_id, new.created_at FROM relay_consumers WHERE enabled;
END;
