-- One row per start of a process.
INSERT INTO workers (worker_id, label, started_at, beat_at)
SELECT ?1, ?2, now, now FROM clock
WHERE true
ON CONFLICT (worker_id) DO UPDATE SET label = excluded.label, beat_at = excluded.beat_at, retired_at = NULL
