-- What makes handing over twice harmless: the caller's keys, and the providers' event ids.

CREATE TABLE idempotency (
    -- No tenant is '', which no tenant can be called.
    tenant TEXT NOT NULL,
    key TEXT NOT NULL,
    delivery TEXT NOT NULL REFERENCES deliveries (delivery_id) ON DELETE CASCADE,
    -- A hash of the content, to refuse another letter under the same key. A plain hash of a six-digit code is the
    -- code, so it goes with the content; after that the key alone decides.
    fingerprint BLOB,
    expires_at INTEGER NOT NULL,
    PRIMARY KEY (tenant, key)
) STRICT, WITHOUT ROWID;

CREATE INDEX idempotency_delivery ON idempotency (delivery);
CREATE INDEX idempotency_expires_at ON idempotency (expires_at);

CREATE TRIGGER payloads_take_fingerprint AFTER DELETE ON payloads
BEGIN
    UPDATE idempotency SET fingerprint = NULL
    WHERE delivery = (SELECT delivery_id FROM deliveries WHERE seq = old.seq);
END;

-- The same event of the same provider is recorded once, however often it is told.
CREATE TABLE reports (
    transport TEXT NOT NULL,
    event_id TEXT NOT NULL,
    delivery_id TEXT NOT NULL REFERENCES deliveries (delivery_id) ON DELETE CASCADE,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (transport, event_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX reports_delivery ON reports (delivery_id);
