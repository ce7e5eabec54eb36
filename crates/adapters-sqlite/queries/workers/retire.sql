-- What it still holds is free from here on, also where it never registered.
INSERT INTO workers (worker_id, label, started_at, beat_at, retired_at)
SELECT ?1, '', now, now, now FROM clock
WHERE true
ON CONFLICT (worker_id) DO UPDATE SET idle = 0, retired_at = excluded.retired_at
