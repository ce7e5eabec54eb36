-- What holds for everybody who writes, also from a shell: no forbidden change of status, and none without its event.

CREATE TRIGGER deliveries_guard_insert BEFORE INSERT ON deliveries
WHEN new.status NOT IN ('queued', 'in_progress')
BEGIN
    SELECT RAISE(ABORT, 'postroom: a letter begins as queued or in_progress');
END;

-- The pairs are those of `postroom_domain::lifecycle::MOVES`; a test tries all 64.
CREATE TRIGGER deliveries_guard_update BEFORE UPDATE OF status ON deliveries
WHEN old.status <> new.status
    AND (old.status, new.status) NOT IN (
        VALUES ('queued', 'in_progress'),
            ('queued', 'cancelled'),
            ('in_progress', 'retrying'),
            ('in_progress', 'in_doubt'),
            ('in_progress', 'sent'),
            ('in_progress', 'failed'),
            ('in_progress', 'dead_letter'),
            ('in_progress', 'cancelled'),
            ('retrying', 'in_progress'),
            ('retrying', 'sent'),
            ('retrying', 'cancelled'),
            ('in_doubt', 'retrying'),
            ('in_doubt', 'sent'),
            ('in_doubt', 'failed'),
            ('in_doubt', 'dead_letter'),
            ('failed', 'queued'),
            ('dead_letter', 'queued')
    )
BEGIN
    SELECT RAISE(ABORT, 'postroom: the lifecycle of a letter does not allow this change of status');
END;

CREATE TRIGGER deliveries_guard_attempts BEFORE UPDATE OF attempts ON deliveries
WHEN new.attempts < old.attempts
BEGIN
    SELECT RAISE(ABORT, 'postroom: the attempts of a letter only rise');
END;

CREATE TRIGGER deliveries_guard_id BEFORE UPDATE OF seq, delivery_id ON deliveries
WHEN new.seq <> old.seq OR new.delivery_id <> old.delivery_id
BEGIN
    SELECT RAISE(ABORT, 'postroom: the delivery_id and the seq of a letter never change');
END;

CREATE TRIGGER deliveries_event_insert AFTER INSERT ON deliveries
BEGIN
    INSERT INTO delivery_events (delivery_id, status, attempt, error_code, error_message, payload, created_at)
    SELECT new.delivery_id, new.status, new.attempts, new.last_error_code, new.last_error_message, new.last_event,
        now
    FROM clock;
END;

-- A change that did not raise the revision came from outside: the payload on the row belongs to an earlier event.
CREATE TRIGGER deliveries_event_update AFTER UPDATE ON deliveries
WHEN old.status <> new.status OR old.revision <> new.revision
BEGIN
    INSERT INTO delivery_events (delivery_id, status, attempt, error_code, error_message, payload, created_at)
    SELECT new.delivery_id, new.status, new.attempts, new.last_error_code, new.last_error_message,
        CASE WHEN old.revision <> new.revision THEN new.last_event ELSE '{}' END, now
    FROM clock;
END;

-- Our own statements set it themselves; this is for the others.
CREATE TRIGGER deliveries_updated_at AFTER UPDATE ON deliveries
WHEN old.updated_at = new.updated_at
BEGIN
    UPDATE deliveries SET updated_at = (SELECT now FROM clock) WHERE seq = new.seq;
END;
