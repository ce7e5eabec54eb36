-- Takes note of a provider's event; no row where it was noted before.
INSERT INTO email.reports (transport, event_id, delivery_id) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING
