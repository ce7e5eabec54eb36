-- What statistics look through: letters by the time of their end, and events by theirs.

-- Written once per letter, when it ends; a letter that is under way is in no way found by it.
CREATE INDEX IF NOT EXISTS deliveries_final_at ON email.deliveries (final_at) WHERE final_at IS NOT NULL;

-- Events are only ever appended, so their place tells their time: a few numbers per 32 pages instead of an entry per
-- event, and next to nothing to write.
CREATE INDEX IF NOT EXISTS delivery_events_created_at ON email.delivery_events
    USING brin (created_at) WITH (pages_per_range = 32, autosummarize = on);
