INSERT INTO email.workers (worker_id, label) VALUES ($1, $2)
    ON CONFLICT (worker_id) DO UPDATE SET label = excluded.label, beat_at = now(), idle = false
