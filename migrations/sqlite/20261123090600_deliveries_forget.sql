-- Whoever deletes a record, say because a person asks to be forgotten, deletes all that there is of it. The foreign
-- keys say the same, but a shell does not enforce them unless it is told to.
CREATE TRIGGER deliveries_forget AFTER DELETE ON deliveries
BEGIN
    DELETE FROM outbox WHERE seq = old.seq;
    DELETE FROM payloads WHERE seq = old.seq;
    DELETE FROM idempotency WHERE delivery = old.delivery_id;
    DELETE FROM reports WHERE delivery_id = old.delivery_id;
    DELETE FROM relay WHERE delivery_id = old.delivery_id;
    DELETE FROM delivery_events WHERE delivery_id = old.delivery_id;
END;
