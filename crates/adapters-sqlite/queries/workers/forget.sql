-- Only those that hold nothing any more: with the row would go the knowledge that they are gone.
DELETE FROM workers WHERE worker_id IN (
    SELECT worker_id FROM workers
    WHERE coalesce(retired_at, beat_at) <= (SELECT now FROM clock) - ?1
        AND NOT EXISTS (SELECT 1 FROM outbox WHERE outbox.worker = workers.worker_id)
    LIMIT ?2
)
