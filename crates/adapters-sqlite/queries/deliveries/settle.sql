-- What the domain decided. Durations become times here, by the store's own clock. Triggers write the event and let
-- the outbox follow.
UPDATE deliveries
SET status = ?2, excused = ?3, crashes = ?4, feedback = ?5, age_from = ?6,
    due_at = (SELECT now FROM clock) + ?7,
    last_error_code = ?8, last_error_message = nullif(?9, ''),
    provider = coalesce(?10, provider), provider_message_id = coalesce(?11, provider_message_id),
    last_event = ?12, revision = revision + 1, updated_at = (SELECT now FROM clock),
    settled_by = coalesce(?13, settled_by), settled_as = CASE WHEN ?13 IS NULL THEN settled_as ELSE ?2 END
WHERE seq = ?1
