-- From here on a crash leaves the letter in doubt. Only a letter in progress is handed over, never one that is asked
-- about.
UPDATE outbox SET stage = 'handover' WHERE seq = ?1 AND token = ?2 AND status = 'in_progress'
