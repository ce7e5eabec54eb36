-- No row changes where this event was recorded before.
INSERT INTO reports (transport, event_id, delivery_id, created_at)
SELECT ?1, ?2, ?3, now FROM clock
WHERE true
ON CONFLICT (transport, event_id) DO NOTHING
