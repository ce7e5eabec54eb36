-- A worker whose row was swept away while it was frozen comes back with its next beat.
INSERT INTO workers (worker_id, label, started_at, beat_at)
SELECT ?1, '', now, now FROM clock
WHERE true
ON CONFLICT (worker_id) DO UPDATE SET beat_at = excluded.beat_at
