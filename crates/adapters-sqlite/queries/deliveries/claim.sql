-- The attempt counts here and nowhere else, so that a crash counts too. What the last attempt left is cleared; the
-- events keep it. The outbox, already under its lease, follows by a trigger.
UPDATE deliveries
SET status = 'in_progress', stage = 'claimed', attempts = attempts + 1, due_at = NULL, last_error_code = NULL, last_error_message = NULL,
    last_attempted_at = ?2, last_event = '{}', revision = revision + 1, updated_at = ?2
WHERE seq IN (SELECT value FROM json_each(?1))
