-- A letter whose row does not decode must not stop the others: it fails where people look, and leaves the queue.
UPDATE deliveries
SET status = 'failed', due_at = NULL, last_error_code = 'CORRUPT', last_error_message = ?2, last_event = '{}',
    revision = revision + 1, updated_at = (SELECT now FROM clock)
WHERE seq = ?1
