-- What statistics look through: letters by the time of their end, and events by theirs. The first holds all that a series
-- asks for, so that it reads no record.
CREATE INDEX deliveries_final_at ON deliveries (final_at, status, age_from, tenant_id) WHERE final_at IS NOT NULL;
CREATE INDEX delivery_events_created_at ON delivery_events (created_at);
