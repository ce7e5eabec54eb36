-- What a provider reported, where it changed no status. Everything else gets its event from a trigger.
INSERT INTO delivery_events (delivery_id, status, attempt, payload, created_at)
SELECT delivery_id, status, attempts, ?2, now FROM deliveries, clock WHERE seq = ?1
