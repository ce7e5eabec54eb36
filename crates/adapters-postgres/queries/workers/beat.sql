UPDATE email.workers SET beat_at = now() WHERE worker_id = $1
